// Several scans side by side over one text. Each tells of a finding as soon as it is certain; what all of them have decided is put
// together here, from left to right, and leaves. The rest waits, so every cutting gives the same output.
//
//   tier 0        ╶────╴                      a span is as long as the findings that overlap in it, one by one;
//   tier 1   ╶──────╴     ╶───────────▶       its owner is the strictest of those that begin within its decisive part
//   span     ╶──────────╴ ╶───────────▶
import type { Finding } from './masker.ts'
import type { Sink } from './scan.ts'

/** What reads a text and tells its sink of findings; what it would release is not asked for. */
export interface TellingScan {
  readonly advance: (piece: string, final: boolean) => unknown
  /** Of findings that begin before this offset all were told of. */
  readonly decided: number
  readonly counts: ReadonlyMap<string, number>
}

export type StartScan = (sink: Sink) => TellingScan

interface Told {
  readonly tier: number
  readonly finding: Finding
  /**
   * Behind the part that decides: all of it, the part that is kept of one beyond its cap, or the part from which on one that has a
   * label is certain. Such a one may be as long as a private key, and what begins within its rest goes with it.
   */
  readonly decisive: number
  /** Unknown while it is still read. */
  end: number
}

export class MergedScan {
  readonly #scans: readonly TellingScan[]
  readonly #sink: Sink
  /** What has not left yet, and the offset of its first unit in the whole. */
  #text = ''
  #base = 0
  /** By start; those of the span that is being dropped are gone. */
  #told: Told[] = []
  /** The last of each tier, whose end may be unknown. */
  readonly #last: (Told | undefined)[]
  /** The span whose replacement has left: what it overlaps goes with it. */
  #span: Told[] = []
  #out = ''

  /** From the strictest on. */
  constructor(scans: readonly StartScan[], sink: Sink) {
    this.#sink = sink
    this.#last = scans.map(() => undefined)
    this.#scans = scans.map((start, tier) => start(this.#toSink(tier)))
  }

  #toSink(tier: number): Sink {
    const { label, before, found } = this.#sink
    return {
      replace: () => '',
      label,
      before,
      opened: (finding) => {
        const told: Told = { tier, finding, decisive: finding.end, end: Infinity }
        this.#told.push(told)
        this.#last[tier] = told
      },
      found: (finding) => {
        const told = this.#last[tier]
        if (told !== undefined) told.end = finding.end
        found?.(finding)
      },
    }
  }

  /** Per detector all that the tiers found, overlapping or not. */
  counts(): Readonly<Record<string, number>> {
    const sum = new Map<string, number>()
    for (const [name, count] of this.#scans.flatMap(({ counts }) => [...counts]))
      sum.set(name, (sum.get(name) ?? 0) + count)
    return Object.fromEntries(sum)
  }

  /** Units that are held. */
  get held(): number {
    return this.#text.length
  }

  advance(piece: string, final: boolean): string {
    this.#text += piece
    this.#out = ''
    for (const scan of this.#scans) scan.advance(piece, final)
    const decided = Math.min(...this.#scans.map((scan) => scan.decided))
    this.#told.sort((one, other) => one.finding.start - other.finding.start || one.tier - other.tier)
    while (this.#drop(decided) && this.#mask(decided));
    return this.#out
  }

  /** Follows the span that has left to its end. False when that has not come. */
  #drop(decided: number): boolean {
    if (this.#span.length === 0) return true
    let reach = Math.max(...this.#span.map((told) => this.#reachOf(told)))
    for (let next = this.#told[0]; next !== undefined && next.finding.start < reach; next = this.#told[0]) {
      this.#span.push(next)
      this.#told.shift()
      reach = Math.max(reach, this.#reachOf(next))
    }
    this.#skip(Math.min(reach, decided))
    this.#span = this.#span.filter((told) => told.end >= reach)
    const isOver = decided >= reach && this.#span.every(({ end }) => end === reach)
    if (isOver) this.#span = []
    return isOver
  }

  /** How far a finding goes at the least. */
  #reachOf({ tier, end }: Told): number {
    return end === Infinity ? (this.#scans[tier]?.decided ?? 0) : end
  }

  /** Releases text up to the next span, and what stands for that. False when nothing more is decided. */
  #mask(decided: number): boolean {
    const [first] = this.#told
    if (first === undefined || first.finding.start >= decided) {
      this.#release(decided)
      return false
    }
    this.#release(first.finding.start)
    let end = first.decisive
    let owner = first
    let count = 0
    for (const told of this.#told) {
      if (told.finding.start >= end) break
      end = Math.max(end, told.decisive)
      if (told.tier < owner.tier) owner = told
      count += 1
    }
    if (end > decided) return false
    this.#span = this.#told.splice(0, count)
    this.#replace({ ...owner.finding, start: first.finding.start, end })
    return true
  }

  #replace(finding: Finding): void {
    const { label, replace } = this.#sink
    const value = (): string => this.#text.slice(finding.start - this.#base, finding.end - this.#base)
    this.#out += label?.(finding.detector, finding.class) ?? replace(finding, value())
  }

  #release(to: number): void {
    this.#out += this.#text.slice(0, to - this.#base)
    this.#skip(to)
  }

  #skip(to: number): void {
    if (to <= this.#base) return
    this.#text = this.#text.slice(to - this.#base)
    this.#base = to
  }
}
