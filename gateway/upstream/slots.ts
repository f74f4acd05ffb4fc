// How many calls a connection has in flight in this process; counts survive the exchange of snapshots.
import { GatewayError } from '../errors.ts'

export class Slots {
  readonly #taken = new Map<string, number>()

  /** Gives the function that frees the slot; call it exactly once. */
  take(connection: string, max: number): () => void {
    const taken = this.#taken.get(connection) ?? 0
    if (taken >= max) {
      throw new GatewayError(
        'too_many_calls',
        'This connection has as many calls in flight as it may have. Try again later.',
      )
    }
    this.#taken.set(connection, taken + 1)
    return () => this.#free(connection)
  }

  #free(connection: string): void {
    const left = (this.#taken.get(connection) ?? 1) - 1
    if (left > 0) this.#taken.set(connection, left)
    else this.#taken.delete(connection)
  }
}
