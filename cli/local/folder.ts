// The folder that is served, looked at before anything starts; and what is wrong with it, in one line each.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { FolderProblem } from '../../kube/manifests.ts'
import type { ConfigMap } from '../../kube/resource.ts'
import { readSettings } from '../../operator/publish/settings-source.ts'
import { toProblemText } from '../../policy/problem.ts'
import type { Refusal } from './admission.ts'
import { findDocument } from './documents.ts'
import { CliError } from '../errors.ts'

export async function assertFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() === true) return
  const what = found === undefined ? 'there is no folder' : 'this is a file, not a folder:'
  throw new CliError('folder_missing', `${what} ${folder}`, {
    advice: ['--folder takes a folder of YAML files, as kubectl apply -f would'],
  })
}

/** Kinds that only a cluster needs (roles, namespaces, kustomizations) are passed over; everything else must be repaired. */
export function isPassedOver({ reason }: FolderProblem): boolean {
  return reason === 'UnknownKind'
}

export function assertReadable(folder: string, problems: readonly FolderProblem[]): void {
  const wrong = problems.filter((problem) => !isPassedOver(problem))
  if (wrong.length === 0) return
  throw new CliError('folder_invalid', `the YAML in ${folder} cannot be used`, {
    advice: wrong.map((problem) => toProblemLine(folder, problem)),
  })
}

/** `policies/chat.yaml:12:3: this is not valid YAML (bad indent)`, which editors and terminals turn into a link. */
export function toProblemLine(folder: string, { file, line, column, message }: FolderProblem): string {
  const at = line === undefined ? '' : `:${line}:${column ?? 1}`
  return `${path.join(folder, file)}${at}: ${message}`
}

/** `policies/chat.yaml:12: InferencePolicy team/chat, spec.mode: is required`, a line for each problem. */
export async function toRefusalLines(folder: string, refusal: Refusal): Promise<readonly string[]> {
  const { kind, namespace, name, problems } = refusal
  const found = await findDocument(folder, refusal)
  const at = found === undefined ? '' : `${found.file}:${found.line}: `
  return problems.map((problem) => `${at}${kind} ${namespace}/${name}, ${problem}`)
}

export async function assertAdmitted(folder: string, refusals: readonly Refusal[]): Promise<void> {
  if (refusals.length === 0) return
  const lines = await Promise.all(refusals.map(async (refusal) => toRefusalLines(folder, refusal)))
  throw new CliError('folder_invalid', `objects in ${folder} are not what their kinds allow`, { advice: lines.flat() })
}

/** The platform settings, which nobody may call without. */
export async function assertSettings(folder: string, configMap: ConfigMap | undefined): Promise<void> {
  const read = readSettings(configMap)
  if ('settings' in read || configMap === undefined) return
  const { namespace = '', name } = configMap.metadata
  const found = await findDocument(folder, { kind: 'ConfigMap', namespace, name })
  const at = found === undefined ? '' : `${found.file}:${found.line}: `
  throw new CliError('folder_invalid', `the platform settings in ${folder} cannot be used`, {
    advice: read.problems.map((problem) => `${at}ConfigMap ${namespace}/${name}, ${toProblemText(problem)}`),
  })
}
