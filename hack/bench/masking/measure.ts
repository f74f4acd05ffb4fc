// One process of suite `masking`, alone on its core: the text engine with the detectors of 24 classes and with all packs. It prints one
// line of JSON for each round.
import { maskJsonRequest } from '../../../gateway/protocols/json/mask-body.ts'
import { isClean } from '../../../policy/masking/clean-json.ts'
import type { Detector } from '../../../policy/masking/detector.ts'
import { compileDetectors, toEngine } from '../../../policy/masking/engine.ts'
import { maskEverywhere } from '../../../policy/masking/framing/place.ts'
import { nest } from '../../../policy/masking/framing/json-text.ts'
import type { Engine, Replace } from '../../../policy/masking/masker.ts'
import { toKnownWords } from '../../../policy/masking/known-words.ts'
import { toMayFind } from '../../../policy/masking/may-find.ts'
import { allDetectors } from '../../../policy/masking/packs.ts'
import { Scan } from '../../../policy/masking/scan.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import { percentile } from '../statistics.ts'
import { makeBaseline, shippedDetectors } from './baseline.ts'
import { clean, dense, hostile, tokens, type Corpus } from './texts.ts'

export interface TextFigures {
  readonly textUs: number
  readonly regexpUs: number
  readonly bodyUs: number
  readonly parseUs: number
}

export interface EngineFigures {
  readonly clean: TextFigures
  readonly dense: TextFigures
  readonly compileMs: number
  readonly pushUs: number
  readonly heldMean: number
  readonly heldP99: number
  /** The slowest of hostile texts of 100 KB, and the largest ratio of one to half of it. */
  readonly hostileMs: number
  readonly slowest: string
  readonly doubling: number
}

export interface Round {
  readonly shipped: EngineFigures
  readonly all: EngineFigures
}

const label: Replace = ({ class: dataClass }) => `[${dataClass}]`
const hostileLength = 100_000

/** What takes less than this says nothing about how it grows. */
const growsMs = 4

interface Subject {
  readonly detectors: readonly Detector[]
  readonly engine: Engine
  readonly masks: TextMasks
}

function compile(detectors: readonly Detector[]): Subject {
  const compiled = compileDetectors(detectors)
  if ('problems' in compiled) throw new Error(compiled.problems.map(({ message }) => message).join())
  const engine = toEngine(compiled)
  const mayFind = toMayFind([{ compiled, decodes: false }])
  const start = Object.assign(
    nest(() => engine.start(label)),
    { isClean: toKnownWords(mayFind) },
  )
  const masks: TextMasks = {
    start,
    over: (root) => root,
    field: () => start,
    isClean: (source, without) => isClean({ mayFind }, source, without),
  }
  return { detectors, engine, masks }
}

/** The fastest of several runs: what else the machine does only adds. */
function fastest(times: number, run: () => void): number {
  let best = Infinity
  for (let i = 0; i < times; i += 1) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

const baseline = makeBaseline()
const decoder = new TextDecoder()
const parse = (body: Uint8Array): unknown => JSON.parse(decoder.decode(body))

/** Per text and body, in interleaved turns. */
function measureTexts({ engine, masks }: Subject, { texts, bodies }: Corpus): TextFigures {
  const place = maskEverywhere(masks.start)
  const runs: Readonly<Record<keyof TextFigures, () => void>> = {
    textUs: () => texts.forEach((text) => engine.maskAll(text, label)),
    regexpUs: () => texts.forEach((text) => baseline(text)),
    bodyUs: () =>
      bodies.forEach((body) => [parse(body), maskJsonRequest({ path: '/', query: '', body }, place, masks)]),
    parseUs: () => bodies.forEach((body) => parse(body)),
  }
  const figures = { textUs: Infinity, regexpUs: Infinity, bodyUs: Infinity, parseUs: Infinity }
  const names = ['textUs', 'regexpUs', 'bodyUs', 'parseUs'] as const
  for (let turn = 0; turn < 12; turn += 1)
    for (const name of names) figures[name] = Math.min(figures[name], (fastest(2, runs[name]) * 1000) / texts.length)
  return figures
}

function measurePush({ engine }: Subject): number {
  const run = (): void => {
    const masker = engine.start(label)
    for (const token of tokens) masker.push(token)
    masker.end()
  }
  return (fastest(6, run) * 1000) / tokens.length
}

function measureHeld({ detectors }: Subject): Pick<EngineFigures, 'heldMean' | 'heldP99'> {
  const compiled = compileDetectors(detectors)
  if ('problems' in compiled) throw new Error('it compiled before')
  const scan = new Scan(compiled, { replace: label })
  const held = tokens.map((token) => {
    scan.advance(token, false)
    return scan.held
  })
  return { heldMean: held.reduce((sum, one) => sum + one, 0) / held.length, heldP99: percentile(held, 0.99) }
}

function measureHostile({ engine }: Subject): Pick<EngineFigures, 'hostileMs' | 'slowest' | 'doubling'> {
  let [hostileMs, slowest, doubling] = [0, '', 0]
  for (const { name, make } of hostile) {
    const [whole, half] = [make(hostileLength), make(hostileLength / 2)]
    const wholeMs = fastest(3, () => engine.maskAll(whole, label))
    const halfMs = fastest(4, () => engine.maskAll(half, label))
    if (wholeMs > hostileMs) [hostileMs, slowest] = [wholeMs, name]
    if (wholeMs > growsMs) doubling = Math.max(doubling, wholeMs / halfMs)
  }
  return { hostileMs, slowest, doubling }
}

function measureEngine(subject: Subject): EngineFigures {
  return {
    clean: measureTexts(subject, clean),
    dense: measureTexts(subject, dense),
    compileMs: fastest(3, () => compileDetectors(subject.detectors)),
    pushUs: measurePush(subject),
    ...measureHeld(subject),
    ...measureHostile(subject),
  }
}

function measure(rounds: number): void {
  const shipped = compile(shippedDetectors())
  const all = compile(allDetectors)
  for (let round = 0; round <= rounds; round += 1) {
    const row: Round = { shipped: measureEngine(shipped), all: measureEngine(all) }
    // The first one warms up.
    if (round > 0) process.stdout.write(`${JSON.stringify(row)}\n`)
  }
}

measure(Number(process.argv[2]))
