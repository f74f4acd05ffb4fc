// Finds the port to listen on before anything starts, so that a port in use is said in one sentence instead of a stack.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { CliError } from './errors.ts'
import { loopback } from './loopback-server.ts'

export interface PortWish {
  /** What the user asked for; nothing else will do. */
  readonly wanted?: number
  /** Taken when it is free and nothing was asked for. */
  readonly usual: number
}

export async function choosePort({ wanted, usual }: PortWish): Promise<number> {
  if (wanted === undefined) return (await tryPort(usual)) === undefined ? usual : 0
  const refused = await tryPort(wanted)
  if (refused === undefined) return wanted
  if (refused === 'EADDRINUSE') {
    throw new CliError('port_in_use', `port ${wanted} on ${loopback} is in use by another program`, {
      advice: [
        'end that program, or choose another port: --port 9000',
        '--port 0, or no --port at all, takes any free one',
      ],
    })
  }
  throw new CliError('port_refused', `port ${wanted} on ${loopback} cannot be opened (${refused})`, {
    advice: wanted < 1024 ? ['ports below 1024 need special rights: choose a higher one'] : ['choose another port'],
  })
}

/** The code of the error; undefined when the port can be had. */
async function tryPort(port: number): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen({ host: loopback, port, exclusive: true })
    await once(server, 'listening')
    return undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
    throw error
  } finally {
    server.close()
  }
}
