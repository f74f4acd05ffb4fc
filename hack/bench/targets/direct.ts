// No proxy at all: what the generator and the mock can do on their own.
import { chatPath } from '../target.ts'
import type { Target } from '../target.ts'

export const direct: Target = {
  name: 'direct',
  async start(_bench, upstream) {
    return { name: 'direct', port: upstream.port, path: chatPath, headers: {}, stop: async () => {} }
  },
}
