// Cuts a byte stream into lines at 0x0A. On bytes, because a chunk may end inside a character, and because U+2028 is
// a line end to some splitters but an ordinary character inside JSON.

const newline = 0x0a

export async function* readLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield Buffer.concat([...parts, chunk.subarray(start, end)])
      parts = []
      size = 0
      start = end + 1
    }
    size += chunk.length - start
    if (size > maxBytes) throw new RangeError(`a line is longer than ${maxBytes} bytes`)
    if (start < chunk.length) parts.push(chunk.subarray(start))
  }
  // What is left has no line end: the connection was cut inside it.
}
