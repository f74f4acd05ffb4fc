// The platform settings, as they stand in their ConfigMap. A mistake in them changes nothing: the last valid ones stay in force, and
// the mistake is told with its place. Without the ConfigMap nobody is known and nothing is granted.
import { LineCounter, parseDocument } from 'yaml'
import type { ConfigMap } from '../../kube/resource.ts'
import type { Problem } from '../../policy/problem.ts'
import type { Settings } from '../../policy/settings.ts'
import { parseSettings } from '../../policy/parse-settings.ts'
import { emptySettings } from '../../policy/settings.ts'

export const settingsConfigMapName = 'portcullis-settings'
const settingsKey = 'settings.yaml'
const maxTextLength = 512 * 1024

export type ReadSettings = { readonly settings: Settings } | { readonly problems: readonly Problem[] }

export function readSettings(configMap: ConfigMap | undefined): ReadSettings {
  if (configMap === undefined) return { settings: emptySettings }
  const text = configMap.data?.[settingsKey]
  if (text === undefined) return refuse(`the ConfigMap has no key ${settingsKey}; put the settings under it`)
  if (text.length > maxTextLength) return refuse(`the settings are longer than ${maxTextLength} characters`)
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true })
  const [error] = document.errors
  if (error !== undefined) {
    // The parser's own message quotes the text.
    const { line, col } = lineCounter.linePos(error.pos[0])
    return {
      problems: [
        { path: settingsKey, reason: 'Invalid', message: `this is no YAML (${error.code})`, line, column: col },
      ],
    }
  }
  return parseSettings(toPlain(document))
}

function toPlain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch {
    // Aliases that multiply beyond the limit.
    return undefined
  }
}

function refuse(message: string): ReadSettings {
  return { problems: [{ path: settingsKey, reason: 'Invalid', message }] }
}
