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
  const code = await tryPort(wanted)
  if (code !== undefined) throw toPortError(wanted, code)
  return wanted
}

/** `code`: of the error that listening gave. */
export function toPortError(port: number, code: string): CliError {
  if (code === 'EADDRINUSE') {
    return new CliError('port_in_use', `port ${port} on ${loopback} is in use by another program`, {
      advice: [
        'end that program, or choose another port: --port 9000',
        '--port 0, or no --port at all, takes any free one',
      ],
    })
  }
  return new CliError('port_refused', `port ${port} on ${loopback} cannot be opened (${code})`, {
    advice: port < 1024 ? ['ports below 1024 need special rights: choose a higher one'] : ['choose another port'],
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
    const code = toListenCode(error)
    if (code === undefined) throw error
    return code
  } finally {
    server.close()
  }
}

/** Looks below errors that wrap it, too; undefined when it is not about listening. */
export function toListenCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const isListening = 'syscall' in error && error.syscall === 'listen'
  if (isListening && 'code' in error && typeof error.code === 'string') return error.code
  return toListenCode(error.cause)
}
