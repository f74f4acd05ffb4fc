// The story of `portcullis lint`: read everything, plan and judge it as an operator would, say what is wrong and where. Returns
// the exit code.
import type { LintCommand } from '../arguments.ts'
import type { Finding } from '../offline/finding.ts'
import { byPlace, isError, toFindingText } from '../offline/finding.ts'
import type { World } from '../offline/load.ts'
import { loadWorld } from '../offline/load.ts'
import type { Kinds } from '../offline/objects.ts'
import { toPlanOptions } from '../offline/plan.ts'
import { readTest } from '../policy-test/load.ts'
import type { Terminal } from '../terminal.ts'
import { findWarnings } from './warnings.ts'

export interface LintDeps {
  readonly terminal: Terminal
  /** The kinds that objects are held against. */
  readonly kinds: () => Promise<Kinds>
}

export async function lint({ terminal, kinds }: LintDeps, command: LintCommand): Promise<number> {
  const world = await loadWorld({ kinds: await kinds() }, command.paths, toPlanOptions(command))
  const findings = [
    ...world.findings,
    ...findWarnings(world),
    ...world.tests.flatMap((one) => readTest(one).findings),
  ].toSorted(byPlace)
  if (command.output === 'json') terminal.line(JSON.stringify(toReport(world, findings), undefined, 2))
  else show(terminal, world, findings)
  return findings.some(isError) ? 1 : 0
}

/** What other programs read: fields are added, never changed. */
function toReport(world: World, findings: readonly Finding[]): object {
  const errors = findings.filter(isError).length
  return {
    files: world.files,
    objects: countObjects(world),
    errors,
    warnings: findings.length - errors,
    findings,
    passedOver: world.objects.skipped,
    assumed: world.assumed,
  }
}

function countObjects({ objects, tests }: World): Readonly<Record<string, number>> {
  return {
    connections: objects.connections.length,
    policies: objects.policies.length,
    settings: objects.settings === undefined ? 0 : 1,
    tests: tests.length,
  }
}

function show(terminal: Terminal, world: World, findings: readonly Finding[]): void {
  for (const finding of findings) {
    const style = isError(finding) ? 'bad' : 'strong'
    const [place, rest] = splitOnce(toFindingText(finding), `: ${finding.severity}: `)
    terminal.line(`${place}: ${terminal.paint(style, finding.severity)}: ${rest}`)
    if (finding.hint !== undefined) terminal.text(finding.hint, 4)
  }
  if (findings.length > 0) terminal.line()
  for (const { file, line, what } of world.objects.skipped) {
    terminal.line(terminal.paint('quiet', `${file}:${line}: ${what} is passed over`))
  }
  if (world.assumed.length > 0) {
    terminal.line(terminal.paint('quiet', `taken to exist, because only a cluster knows: ${world.assumed.join(', ')}`))
  }
  terminal.line(toVerdict(world, findings))
}

function toVerdict(world: World, findings: readonly Finding[]): string {
  const errors = findings.filter(isError).length
  const { connections = 0, policies = 0 } = countObjects(world)
  const read = `${toCount(world.files.length, 'file')}, ${toCount(connections, 'connection')}, ${toCount(policies, 'policy', 'policies')}`
  return `lint: ${toCount(errors, 'error')}, ${toCount(findings.length - errors, 'warning')} in ${read}`
}

function toCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return [text.slice(0, at), text.slice(at + separator.length)]
}
