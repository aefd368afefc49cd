// The words of each requirement that the conformance suite has cases about, so that it can show them without the specification beside it.
import { readdirSync, readFileSync } from 'node:fs'

/** Identifier → file and text, of the requirements that are frozen for receivers. */
export function requirementWords(root) {
  const { levels } = JSON.parse(readFileSync(`${root}conformance/requirements/ahp-receiver-0.1.json`, 'utf8'))
  const wanted = new Set(Object.values(levels).flat())
  const files = readdirSync(`${root}spec`).filter((name) => /^\d.*\.md$/.test(name))
  const rows = files.flatMap((name) => wordsOf(`spec/${name}`, readFileSync(`${root}spec/${name}`, 'utf8')))
  return Object.fromEntries(rows.filter(([id]) => wanted.has(id)))
}

/** A requirement ends with its paragraph. Links keep their words only. */
function wordsOf(file, chapter) {
  return [...chapter.matchAll(/^\*\*(AHP-[A-Z]+-\d+)\*\* (.+(?:\n.+)*)/gm)].map(([, id, words]) => {
    return [id, { file, text: words.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('\n', ' ') }]
  })
}
