// Numbers and tags at places in bytes that a caller chose: past the end there are only zeros, so nothing here can throw.
export function u8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

export function u16be(bytes: Uint8Array, at: number): number {
  return u8(bytes, at) * 256 + u8(bytes, at + 1)
}

export function u16le(bytes: Uint8Array, at: number): number {
  return u8(bytes, at + 1) * 256 + u8(bytes, at)
}

export function u24le(bytes: Uint8Array, at: number): number {
  return u8(bytes, at + 2) * 65_536 + u16le(bytes, at)
}

export function u32be(bytes: Uint8Array, at: number): number {
  return u16be(bytes, at) * 65_536 + u16be(bytes, at + 2)
}

export function u32le(bytes: Uint8Array, at: number): number {
  return u16le(bytes, at + 2) * 65_536 + u16le(bytes, at)
}

/** One character for each byte, so that signatures can be written as text. */
export function latin1(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}
