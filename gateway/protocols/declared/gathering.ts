// What is found in one body, while it is read: texts by field, all text in order, binaries.
import type { MediaFacts } from '../../../policy/model.ts'

export class Gathering {
  readonly #fields: Map<string, string[]>
  readonly #texts: string[] = []
  readonly #keys = new Set<string>()
  readonly #media: MediaFacts[] = []

  /** These are there also without text, so that a rule may name them. */
  constructor(fields: readonly string[] = []) {
    this.#fields = new Map(fields.map((name) => [name, []]))
  }

  /** In no field, one, or several; it counts once as text. */
  addText(text: string, fields: readonly string[] = []): void {
    this.#texts.push(text)
    for (const field of fields) this.#addTo(field, text)
  }

  #addTo(field: string, text: string): void {
    const texts = this.#fields.get(field)
    if (texts === undefined) this.#fields.set(field, [text])
    else texts.push(text)
  }

  /** Once, where it comes first: rows of a table have the same ones. */
  addKey(key: string, fields: readonly string[]): void {
    if (this.#keys.has(key)) return
    this.#keys.add(key)
    this.addText(key, fields)
  }

  addMedia(media: MediaFacts): void {
    this.#media.push(media)
  }

  get text(): string {
    return this.#texts.join('\n')
  }

  get media(): readonly MediaFacts[] {
    return this.#media
  }

  get fields(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(this.#fields)
  }
}
