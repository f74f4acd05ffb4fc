// Loaded before Portkey's own code: its server has no option for the address it listens on and would be open to the
// network.
import { Server } from 'node:net'
import type { ListenOptions } from 'node:net'

const isOptions = (value: unknown): value is ListenOptions => typeof value === 'object' && value !== null

const listen: unknown = Reflect.get(Server.prototype, 'listen')
if (typeof listen !== 'function') throw new Error('node:net has no Server.listen any more')

Reflect.set(Server.prototype, 'listen', function listenOnLoopback(this: Server, port: unknown, ...rest: unknown[]) {
  const options: ListenOptions = isOptions(port) ? port : { port: Number(port) }
  const callbacks = rest.filter((value) => typeof value === 'function')
  return Reflect.apply(listen, this, [{ ...options, host: '127.0.0.1' }, ...callbacks])
})
