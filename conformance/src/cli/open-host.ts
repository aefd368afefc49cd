/** Starts the suite host with what the parties of a world publish. @module */
import { resourceOf, type World } from '../build/index.ts'
import { certificatesOf } from '../host/certificates.ts'
import { HOST_PORTS, startHost, type Host } from '../host/host.ts'
import { SetupError } from '../run/setup.ts'

/** Throws `SetupError` when a port is taken. */
export async function openHost(world: World, port: number): Promise<Host> {
  const certificates = world.level === 'full' ? certificatesOf(world.seed).servers : []
  try {
    return await startHost({ port, resources: (path) => resourceOf(world, path), certificates })
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES'))
      throw new SetupError(
        `the ports ${port} to ${port + HOST_PORTS - 1} have to be free for the suite host; choose others with init --host-port`,
        { cause: error },
      )
    throw error
  }
}
