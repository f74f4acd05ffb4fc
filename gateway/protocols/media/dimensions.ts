// A width and a height in pixels; zeros where they are not known. Of several that a file states the largest counts, because
// decoders differ in which one they believe.
export interface Dimensions {
  readonly width: number
  readonly height: number
}

export const none: Dimensions = { width: 0, height: 0 }

/** Steps through any one file: more are in no honest image's header, and the size is unknown then. */
export const maxSteps = 20_000

export function largest(a: Dimensions, b: Dimensions): Dimensions {
  return { width: Math.max(a.width, b.width), height: Math.max(a.height, b.height) }
}
