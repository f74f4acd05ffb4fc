// The tokenizers that models name, loaded when a snapshot first names one: a table takes up to a third of a second, once, and five to
// twenty megabytes. Counting takes linear time, whatever the text, and not more than some tens of milliseconds.

/** Counts the tokens of a text: never fewer than its encoding gives, and exactly as many where the text is a language. */
export type CountText = (text: string) => number

interface Encoding {
  readonly countTokens: (text: string, options: { readonly disallowedSpecial: Set<string> }) => number
  readonly setMergeCacheSize: (size: number) => void
}

interface Loaded {
  readonly encoding: Encoding
  /** By rank: texts, and bytes that are no text. */
  readonly ranks: readonly unknown[]
  readonly split: RegExp
}

const loaders: Readonly<Record<string, () => Promise<Loaded>>> = {
  o200k_base: async () => {
    const encoding = await import('gpt-tokenizer/encoding/o200k_base')
    const { default: ranks } = await import('gpt-tokenizer/bpeRanks/o200k_base')
    const { O200K_TOKEN_SPLIT_REGEX: split } = await import('gpt-tokenizer/encodingParams/constants')
    return { encoding, ranks, split }
  },
  cl100k_base: async () => {
    const encoding = await import('gpt-tokenizer/encoding/cl100k_base')
    const { default: ranks } = await import('gpt-tokenizer/bpeRanks/cl100k_base')
    const { CL100K_TOKEN_SPLIT_REGEX: split } = await import('gpt-tokenizer/encodingParams/constants')
    return { encoding, ranks, split }
  },
  p50k_base: async () => {
    const encoding = await import('gpt-tokenizer/encoding/p50k_base')
    const { default: ranks } = await import('gpt-tokenizer/bpeRanks/p50k_base')
    const { R50K_TOKEN_SPLIT_REGEX: split } = await import('gpt-tokenizer/encodingParams/constants')
    return { encoding, ranks, split }
  },
  r50k_base: async () => {
    const encoding = await import('gpt-tokenizer/encoding/r50k_base')
    const { default: ranks } = await import('gpt-tokenizer/bpeRanks/r50k_base')
    const { R50K_TOKEN_SPLIT_REGEX: split } = await import('gpt-tokenizer/encodingParams/constants')
    return { encoding, ranks, split }
  },
}

/**
 * A text is cut into pieces (a word, a number, a run of signs), and most pieces are tokens. Merging one that is none takes time by the
 * square of its length, and about a microsecond per byte when it is short. So longer pieces, and all others once so many bytes were
 * merged, count by their bytes: byte pair encoding never makes more tokens than that of any piece, and pieces add up.
 */
const longestMergedBytes = 128
const mostMergedBytes = 24_576

/** Beyond this many characters of one text, its bytes count. */
const mostCharacters = 524_288

/** Text that looks like a special token is text: whoever may write a prompt must not make it cheaper. */
const options = { disallowedSpecial: new Set<string>() }

export class Tokenizers {
  readonly #loaded = new Map<string, CountText>()
  readonly #loading = new Map<string, Promise<void>>()
  readonly #onFailure: (name: string, error: unknown) => void

  constructor(onFailure: (name: string, error: unknown) => void) {
    this.#onFailure = onFailure
  }

  /** Undefined until it is loaded. */
  find(name: string): CountText | undefined {
    return this.#loaded.get(name)
  }

  /** Resolves when all of them are there, or cannot be. Never rejects. */
  async load(names: Iterable<string>): Promise<void> {
    await Promise.all(Array.from(names, async (name) => this.#load(name)))
  }

  async #load(name: string): Promise<void> {
    const loader = Object.hasOwn(loaders, name) ? loaders[name] : undefined
    if (loader === undefined) return
    let loading = this.#loading.get(name)
    if (loading === undefined) {
      loading = loader().then(
        (loaded) => void this.#loaded.set(name, makeCountText(loaded)),
        (error: unknown) => this.#onFailure(name, error),
      )
      this.#loading.set(name, loading)
    }
    await loading
  }
}

function makeCountText({ encoding, ranks, split }: Loaded): CountText {
  // Its cache would keep pieces of prompts in memory; one that lives as long as a text is made for each text.
  encoding.setMergeCacheSize(0)
  const vocabulary = new Set(ranks.filter((token) => typeof token === 'string'))
  return (text) => {
    const head = text.length > mostCharacters ? text.slice(0, mostCharacters) : text
    const merged = new Map<string, number>()
    let tokens = head === text ? 0 : Buffer.byteLength(text.slice(mostCharacters))
    let budget = mostMergedBytes
    for (const [piece] of head.matchAll(split)) {
      if (vocabulary.has(piece)) {
        tokens += 1
        continue
      }
      let known = merged.get(piece)
      if (known === undefined) {
        known = Buffer.byteLength(piece)
        if (known <= longestMergedBytes && known <= budget) {
          budget -= known
          known = encoding.countTokens(piece, options)
          merged.set(piece, known)
        }
      }
      tokens += known
    }
    return tokens
  }
}
