// Which facts a rule may name, per protocol. A field that a protocol cannot show is a compile error on its connections, never a
// silent false: `request.messages` on an opaque connection does not compile.

/** A CEL type, or a struct of named fields. */
export type FieldType = string
export type Struct = Readonly<Record<string, FieldType>>

/** The variables an expression may use. Two environments with the same name declare the same variables. */
export interface Environment {
  readonly name: string
  readonly structs: Readonly<Record<string, Struct>>
}

const identity: Struct = {
  issuer: 'string',
  subject: 'string',
  username: 'string',
  email: 'string',
  kind: 'string',
  groups: 'list<string>',
  scopes: 'list<string>',
  claims: 'map<string, dyn>',
}

const connection: Struct = {
  name: 'string',
  namespace: 'string',
  protocol: 'string',
  labels: 'map<string, string>',
}

const transport: Struct = {
  method: 'string',
  path: 'string',
  headers: 'map<string, string>',
  sourceIP: 'string',
  bytes: 'int',
}

const chat: Struct = {
  ...transport,
  operation: 'string',
  model: 'string',
  stream: 'bool',
  prompt: 'string',
  messages: 'list<Message>',
  tools: 'list<Tool>',
  toolCalls: 'list<ToolCall>',
  parameters: 'map<string, dyn>',
  maxTokens: 'int',
  body: 'dyn',
}

/** Struct types that lists are made of; their instances are made in expression.ts. */
export const elementTypes: Readonly<Record<'Message' | 'Tool' | 'ToolCall', Struct>> = {
  Message: { role: 'string', content: 'string', name: 'string' },
  Tool: { type: 'string', name: 'string', description: 'string' },
  ToolCall: { id: 'string', name: 'string', arguments: 'string' },
}

/** For `subjects[].when`: the caller and the connection, before a body is looked at. */
export const subjectEnvironment: Environment = { name: 'subject', structs: { identity, connection } }

/** For `kubernetesUsername` in the platform settings. */
export const usernameEnvironment: Environment = { name: 'username', structs: { identity } }

/** For rules and variables in the Request phase; undefined when rules cannot be written for the protocol yet. */
export function requestEnvironment(protocol: string, opaque: boolean): Environment | undefined {
  if (opaque) return { name: 'request/Opaque', structs: { identity, connection, request: transport } }
  if (protocol === 'OpenAI') return { name: 'request/OpenAI', structs: { identity, connection, request: chat } }
  return undefined
}

/** The same environment with the policy's own variables under `variables`. */
export function withVariables(environment: Environment, variables: Struct): Environment {
  const names = Object.entries(variables).map(([name, type]) => `${name}:${type}`)
  if (names.length === 0) return environment
  return {
    name: `${environment.name}+${names.join(',')}`,
    structs: { ...environment.structs, variables },
  }
}
