// The story of `portcullis explain`: read the objects and one call, judge it, tell what every policy said. Returns the exit code.
import type { ExplainCommand } from '../arguments.ts'
import { judgeCall, makeJudgeDeps } from '../offline/judge-call.ts'
import type { Kinds } from '../offline/objects.ts'
import { toPlanOptions } from '../offline/plan.ts'
import type { Terminal } from '../terminal.ts'
import { loadCall } from './load.ts'
import { toReport } from './report.ts'
import { showExplanation } from './show.ts'

export interface ExplainDeps {
  readonly terminal: Terminal
  /** The kinds that objects are held against. */
  readonly kinds: () => Promise<Kinds>
}

export async function explain({ terminal, kinds }: ExplainDeps, command: ExplainCommand): Promise<number> {
  const toExplain = await loadCall({ kinds: await kinds() }, command, toPlanOptions(command))
  const judged = await judgeCall(await makeJudgeDeps(toExplain.world.snapshot), toExplain.call)
  const report = toReport(toExplain, judged, command.values)
  if (command.output === 'json') terminal.line(JSON.stringify(report, undefined, 2))
  else showExplanation(terminal, report)
  return 0
}
