// What a model reads of who speaks and of its own earlier calls, as the templates of model servers write it into the prompt: the role
// before each message, and of a call its id, its name, and its arguments as the value that they are.
import type { ToolCallFacts } from '../../../policy/model.ts'
import { toTexts } from '../declared/texts.ts'
import { listText } from './gather.ts'

const roles: ReadonlySet<string> = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function'])

/** Some servers take any role; one of a caller's own making is a text like any other. */
export function listRoleText(role: string): readonly string[] {
  return roles.has(role) ? [] : [role]
}

/** Templates undo the escapes of JSON in arguments, so a word must not hide behind them. */
export function listCallText({ id, name, arguments: text }: ToolCallFacts): readonly string[] {
  return [name, ...toTexts(text), ...listText(id, 'Quiet')]
}
