/** Keeps the last released checkpoint in a file outside the database, so that an old copy of the database is noticed (spec chapter 17). @module */
import { toHex, utf8, type CryptoPort } from '@aiegis/protocol'
import { replaceFile, type FilePort, type OpenFile } from './file-port.ts'

/** The file while a log is open. */
export interface LastCheckpoint {
  /** Resolves when the note is on disk. After a crash there is this one or the one before. Once it rejected, it is not called again. */
  write(note: string): Promise<void>
  /** Leaves the note alone in the file, unless a write failed. */
  close(): Promise<void>
}

/** Bytes of a slot: more than any note with ten signatures takes. */
const SLOT = 16_384

/**
 * The file of a log that opens. Its first write makes the file anew, with two slots; the others write into the slot of the note before
 * the last, which needs one flush and no other name. What a crash leaves of such a write no longer has its checksum, and what it was
 * written over is older than the other slot.
 */
export function createLastCheckpoint(crypto: CryptoPort, files: FilePort, file: string): LastCheckpoint {
  let open: OpenFile | undefined
  let turn = 0
  let written: string | undefined
  return {
    async write(note) {
      written = undefined
      const slot = formatSlot(crypto, turn, note)
      if (open === undefined) {
        const both = new Uint8Array(2 * SLOT).fill(NEWLINE)
        both.set(slot)
        await replaceFile(files, file, both)
        open = await files.open(file)
      } else {
        await open.write(slot, (turn % 2) * SLOT)
      }
      turn++
      written = note
    },
    async close() {
      await open?.close()
      if (open !== undefined && written !== undefined) await replaceFile(files, file, utf8(written))
      open = undefined
    },
  }
}

/** The remembered checkpoint, or `undefined` when there is no such file. Not parsed, not verified. */
export async function readLastCheckpoint(crypto: CryptoPort, files: FilePort, file: string): Promise<string | undefined> {
  const bytes = await files.read(file)
  return bytes && newestIn(crypto, bytes)
}

/** The newer of the notes in two slots; the whole text where there is none, such as a note that somebody put there. */
export function newestIn(crypto: CryptoPort, bytes: Uint8Array): string {
  const slots = [0, 1].flatMap((index) => readSlot(crypto, bytes.subarray(index * SLOT, (index + 1) * SLOT)))
  const [newest] = slots.toSorted((a, b) => b.turn - a.turn)
  return newest?.note ?? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

/** `slot <turn> <bytes of the note> <SHA-256 of what was and of the note, in hexadecimal>`, and the note. */
function formatSlot(crypto: CryptoPort, turn: number, note: string): Uint8Array {
  const bytes = utf8(note)
  const slot = utf8(`slot ${turn} ${bytes.length} ${checksum(crypto, turn, note)}\n${note}`)
  if (slot.length > SLOT) throw new Error(`ledger: a checkpoint of ${bytes.length} bytes is too long to be remembered`)
  return slot
}

function readSlot(crypto: CryptoPort, slot: Uint8Array): readonly { readonly turn: number; readonly note: string }[] {
  const end = slot.indexOf(NEWLINE)
  const [, turn, length, sum] = HEADER.exec(String.fromCharCode(...slot.subarray(0, Math.min(Math.max(end, 0), 128)))) ?? []
  const bytes = slot.subarray(end + 1, end + 1 + Number(length))
  if (turn === undefined || bytes.length !== Number(length)) return []
  const note = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  return checksum(crypto, Number(turn), note) === sum ? [{ turn: Number(turn), note }] : []
}

function checksum(crypto: CryptoPort, turn: number, note: string): string {
  return toHex(crypto.sha256(utf8(`aiegis-last-checkpoint/v1\n${turn}\n${note}`)))
}

const HEADER = /^slot (0|[1-9][0-9]{0,15}) ([1-9][0-9]{0,4}) ([0-9a-f]{64})$/
const NEWLINE = 0x0a
