// Where in a JSON document the reader stands: which containers are open, whether a string is a name, and which place the next
// value has. A list of frames instead of recursion, so that hostile nesting costs memory as its own text does.
import { enter, type Place, type TextAt } from './place.ts'

export interface Frame {
  readonly place: Place
  readonly isObject: boolean
  /** What stands instead of this container was written; nothing of it goes on. */
  readonly isMuted: boolean
  expectsKey: boolean
  /** The field that the container stands in. */
  readonly holder: string | undefined
  key: string | undefined
  index: number
  /** Names that the object has in the output, as long as all of them are those that it had. */
  readonly kept: string[]
  /** From the first one on that the mask made: all, and how often, for names that it made. */
  made: Map<string, number> | undefined
}

export class Structure {
  readonly #root: Place
  readonly #frames: Frame[] = []
  /** Of the next value, once somebody has asked. */
  #place: Place | undefined
  /** How many more names are remembered. Beyond, two that are masked alike may become one. */
  #spareNames = 100_000

  constructor(root: Place) {
    this.#root = root
  }

  get top(): Frame | undefined {
    return this.#frames[this.#frames.length - 1]
  }

  get depth(): number {
    return this.#frames.length
  }

  /** False: there are too many already. */
  takeSpareName(): boolean {
    this.#spareNames -= 1
    return this.#spareNames >= 0
  }

  get isKey(): boolean {
    return this.top?.expectsKey === true
  }

  /** The field that holds the next value, also when it stands in a list in that field. */
  get key(): string | undefined {
    return this.top?.key
  }

  /** Of the next value. Good until the reader moves on, but for its `key`. */
  get at(): TextAt {
    return { key: this.key, path: () => this.#frames.map(toSegment).join('') }
  }

  /** Of the next name. */
  get atName(): TextAt {
    return { key: this.#frames.at(-1)?.holder, path: () => `${this.#frames.slice(0, -1).map(toSegment).join('')}/*` }
  }

  /** Of the next value. */
  get place(): Place {
    this.#place ??= this.#findPlace()
    return this.#place
  }

  #findPlace(): Place {
    const { top } = this
    if (top === undefined) return this.#root
    return enter(top.place, top.isObject ? (top.key ?? '') : top.index)
  }

  open(isObject: boolean, isMuted: boolean): void {
    const { key: holder, place } = this
    const key = isObject ? undefined : holder
    this.#frames.push({
      place,
      isObject,
      isMuted,
      expectsKey: isObject,
      holder,
      key,
      index: 0,
      kept: [],
      made: undefined,
    })
    this.#place = undefined
  }

  /** What was closed, if anything was open. */
  close(): Frame | undefined {
    this.#place = undefined
    return this.#frames.pop()
  }

  comma(): void {
    const { top } = this
    if (top === undefined) return
    this.#place = undefined
    if (top.isObject) top.expectsKey = true
    else top.index += 1
  }

  colon(): void {
    this.#place = undefined
    if (this.top !== undefined) this.top.expectsKey = false
  }
}

/** Names that look like the names programs give to fields are shown; anything else may be data. */
const plainName = /^[A-Za-z_]{1,32}$/u

function toSegment({ isObject, key, index }: Frame): string {
  if (!isObject) return `/${index}`
  return key !== undefined && plainName.test(key) ? `/${key}` : '/*'
}
