// Finds ports that will stay ours. Not simply port 0: the system hands those out of the range it also uses for outgoing
// connections, so while an API server is stopped for an outage test, anybody's connection could take its port.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the range for outgoing connections of Linux (32768) and macOS (49152), above what services usually choose. */
const lowest = 20_000
const highest = 32_000
const attempts = 200

/** Different free ports on the loopback interface. Whoever starts a server there must still be ready to lose the race. */
export async function findPorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  for (let attempt = 0; attempt < attempts && found.size < count; attempt++) {
    const port = randomInt(lowest, highest)
    if (await isFree(port)) found.add(port)
  }
  if (found.size < count) {
    throw new Error(`found only ${found.size} of ${count} free ports on 127.0.0.1 between ${lowest} and ${highest}`)
  }
  return [...found]
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ host: '127.0.0.1', port, exclusive: true })
    await once(server, 'listening')
    return true
  } catch (error) {
    if (Error.isError(error) && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES'))
      return false
    throw error
  } finally {
    server.close()
  }
}
