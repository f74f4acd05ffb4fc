// Walks through the steps of a tour: says what is done, shows what came back, and judges whether it is what should have come. A
// step that fails or throws is counted and the walk goes on, so that one run shows everything that is wrong.
import type { Terminal } from './terminal.ts'
import { toExcerpt } from './terminal.ts'

export interface Expectation {
  /** Completes "expected ...". */
  readonly that: string
  readonly holds: boolean
}

export interface Shown {
  readonly lines: readonly string[]
  /** Never empty: a step that expects nothing shows nothing. */
  readonly expected: readonly Expectation[]
}

export interface Step<World> {
  readonly title: string
  readonly run: (world: World) => Promise<Shown>
}

export interface StepParts<World, Seen> {
  readonly title: string
  readonly run: (world: World) => Promise<Seen>
  readonly show: (seen: Seen) => readonly string[]
  /** Statements about what was seen, each true when the product works. */
  readonly expect: (seen: Seen, world: World) => Readonly<Record<string, boolean>>
}

export function makeStep<World, Seen>({ title, run, show, expect }: StepParts<World, Seen>): Step<World> {
  return {
    title,
    run: async (world) => {
      const seen = await run(world)
      const expected = Object.entries(expect(seen, world)).map(([that, holds]) => ({ that, holds }))
      return { lines: show(seen), expected }
    },
  }
}

export interface Result {
  readonly good: number
  readonly of: number
}

export async function walk<World>(
  steps: readonly Step<World>[],
  world: World,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<Result> {
  let good = 0
  for (const [index, step] of steps.entries()) {
    if (signal.aborted) break
    terminal.line(terminal.paint('strong', `${index + 1}. ${step.title}`))
    const wrong = await runStep(step, world, terminal)
    for (const that of wrong) terminal.text(`${terminal.paint('bad', 'failed')}: expected ${that}`, 3)
    if (wrong.length === 0) {
      terminal.line(`   ${terminal.paint('good', 'ok')}`)
      good += 1
    }
    terminal.line()
  }
  return { good, of: steps.length }
}

/** Enough for an error with its sentence; a model's answer may be any length. */
const maxLineLength = 400

async function runStep<World>(step: Step<World>, world: World, terminal: Terminal): Promise<readonly string[]> {
  try {
    const { lines, expected } = await step.run(world)
    for (const line of lines) terminal.text(toExcerpt(line, maxLineLength), 3)
    if (expected.length === 0) return ['something, but this step checks nothing']
    return expected.filter(({ holds }) => !holds).map(({ that }) => that)
  } catch (error) {
    return [`an answer, but: ${toExcerpt(toReason(error), maxLineLength)}`]
  }
}

/** fetch says "fetch failed" and keeps the reason one level down. */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message
}

export function toVerdict({ good, of }: Result): string {
  return `tour: ${good} of ${of} steps`
}
