// `npm run packs`: how many attacks of other people's collections the rule pack refuses, and how many harmless texts. Exits 1 below the
// floors, 2 where it could not measure. `npm run packs -- FILE` judges prompts of one's own instead: a JSON list of texts.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { readSets, wantedOfPackages } from './corpus.ts'
import type { PromptSet } from './corpus.ts'
import { download } from './download.ts'
import { floors } from './floors.ts'
import type { Judge } from './judge.ts'
import { makeJudge } from './judge.ts'
import { makeKnown } from './known.ts'
import type { Judged, SetResult } from './measure.ts'
import { findMissedFloors } from './measure.ts'
import { readList } from './readers.ts'
import { toClosingLines, toOwnLines, toSetLines, toTimeLines } from './report.ts'

const root = path.resolve(import.meta.dirname, '../..')
const pack = 'default/prompt-attacks'
const connection = 'default/packs-example'
const files = ['prompt-attacks.yaml', 'tests/world.yaml'].map((file) => path.join(root, 'config/packs', file))

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

async function judgeAll(
  { judge }: Judge,
  texts: readonly string[],
  isKnown: (text: string) => boolean,
): Promise<readonly Judged[]> {
  const judged: Judged[] = []
  for (const text of texts) judged.push({ text, ...(await judge(text)), known: isKnown(text) })
  return judged
}

async function measure(judge: Judge, sets: readonly PromptSet[]): Promise<readonly SetResult[]> {
  const tuned = sets.filter(({ role }) => role === 'Tuned').flatMap(({ texts }) => texts)
  const isKnown = makeKnown(tuned, 0.5)
  const results: SetResult[] = []
  for (const { name, role, about, texts } of sets) {
    const judged = await judgeAll(judge, texts, (text) => role === 'Held' && isKnown(text))
    results.push({ name, role, about, judged })
  }
  return results
}

/** Of a harmless text, because it is asked every sign there is. */
async function timeAll(judge: Judge, sets: readonly PromptSet[]): Promise<readonly string[]> {
  const prose = sets
    .filter(({ role }) => role === 'Benign')
    .flatMap(({ texts }) => texts)
    .join('\n')
  const timing = { rounds: 50, nowMs: () => performance.now() }
  const sizes = [1_000, 10_000, 100_000]
  const times = await Promise.all(
    sizes.map(async (size) => ({ size, us: await judge.time(prose.slice(0, size), timing) })),
  )
  return toTimeLines(times)
}

async function main(own: string | undefined): Promise<number> {
  const judge = await makeJudge({ paths: files, connection, pack })
  if (own !== undefined) {
    const texts = readList(await readFile(own, 'utf8'))
    print(toOwnLines(await judgeAll(judge, texts, () => false)))
    return 0
  }
  const folder = await download({
    environment: process.env,
    wanted: wantedOfPackages,
    log: (line) => process.stderr.write(`${line}\n`),
  })
  const sets = await readSets({ Package: folder, Dependency: path.join(root, 'node_modules') })
  const results = await measure(judge, sets)
  print(results.flatMap(toSetLines))
  print(await timeAll(judge, sets))
  const missed = findMissedFloors(results, floors)
  print(missed.map((line) => `FAIL ${line}`))
  print(toClosingLines(results))
  return missed.length > 0 ? 1 : 0
}

try {
  process.exitCode = await main(process.argv[2])
} catch (error) {
  process.stderr.write(`packs: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
