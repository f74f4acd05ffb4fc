// What a client may ask of an MCP server, in all revisions until 2026-07-28. A method that is not here is refused: what it does, and
// where it carries text, is not known.

/** Which parameter names what the request is about; the header Mcp-Name repeats it. */
type Subject = 'name' | 'uri' | 'taskId' | undefined

const requests: ReadonlyMap<string, Subject> = new Map<string, Subject>([
  ['completion/complete', undefined],
  ['initialize', undefined],
  ['logging/setLevel', undefined],
  ['ping', undefined],
  ['prompts/get', 'name'],
  ['prompts/list', undefined],
  ['resources/list', undefined],
  ['resources/read', 'uri'],
  ['resources/subscribe', 'uri'],
  ['resources/templates/list', undefined],
  ['resources/unsubscribe', 'uri'],
  ['server/discover', undefined],
  ['subscriptions/listen', undefined],
  ['tasks/cancel', 'taskId'],
  ['tasks/get', 'taskId'],
  ['tasks/list', undefined],
  ['tasks/result', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tools/call', 'name'],
  ['tools/list', undefined],
])

const notifications: ReadonlySet<string> = new Set([
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/progress',
  'notifications/roots/list_changed',
  'notifications/tasks/status',
])

/** What a server says on its own account. What it says is read and masked whatever it is; these words are no text. */
const saidByServers: ReadonlySet<string> = new Set([
  'elicitation/create',
  'notifications/elicitation/complete',
  'notifications/message',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
  'notifications/subscriptions/acknowledged',
  'notifications/tools/list_changed',
  'roots/list',
  'sampling/createMessage',
])

export function isMethod(method: string): boolean {
  return isRequest(method) || isNotification(method) || saidByServers.has(method)
}

export function isRequest(method: string): boolean {
  return requests.has(method)
}

export function isNotification(method: string): boolean {
  return notifications.has(method)
}

export function subjectOf(method: string): Subject {
  return requests.get(method)
}

/** Newest first; a revision that is not here may mean something else by the same words. */
export const revisions: readonly string[] = [
  '2026-07-28',
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
]
