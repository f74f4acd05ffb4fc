// Which facts a rule may name, per protocol. A field that a protocol cannot show is a compile error on its connections, never a
// silent false: `request.messages` on an opaque connection does not compile.

/** A CEL type, or a struct of named fields. */
export type FieldType = string
export type Struct = Readonly<Record<string, FieldType>>

/** The variables an expression may use. Two environments with the same name declare the same variables. */
export interface Environment {
  readonly name: string
  readonly structs: Readonly<Record<string, Struct>>
  /** The classes that `findings` has an entry for. Absent: there is no such variable. */
  readonly classes?: readonly string[]
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

/** What every protocol that is read shows. */
const inference: Struct = { ...transport, operation: 'string', prompt: 'string', body: 'dyn' }

const named: Struct = { ...inference, model: 'string', version: 'string' }

const chat: Struct = {
  ...inference,
  model: 'string',
  stream: 'bool',
  messages: 'list<Message>',
  tools: 'list<Tool>',
  toolCalls: 'list<ToolCall>',
  media: 'list<Media>',
  parameters: 'map<string, dyn>',
  maxTokens: 'int',
  inputTokens: 'int',
}

const tensors: Struct = { ...named, stream: 'bool', inputs: 'list<Tensor>', parameters: 'map<string, dyn>' }

const instances: Struct = { ...named, instances: 'list<dyn>', parameters: 'map<string, dyn>' }

const requests: Readonly<Record<string, Struct>> = {
  OpenAI: chat,
  Anthropic: chat,
  OpenInference: tensors,
  Triton: tensors,
  KServeV1: instances,
  TensorFlowServing: instances,
  TorchServe: { ...named, fields: 'map<string, list<string>>', media: 'list<Media>' },
  MCP: { ...inference, toolCalls: 'list<ToolCall>', tools: 'list<Tool>', parameters: 'map<string, dyn>' },
  HTTP: { ...inference, fields: 'map<string, list<string>>', media: 'list<Media>' },
}

const risk: Struct = { score: 'int', reasons: 'list<string>' }

const answer: Struct = { status: 'int', text: 'string', body: 'dyn' }

const spoken: Struct = { ...answer, toolCalls: 'list<ToolCall>', finishReason: 'string', outputTokens: 'int' }

const responses: Readonly<Record<string, Struct>> = {
  OpenAI: spoken,
  Anthropic: spoken,
  OpenInference: { ...answer, outputs: 'list<Tensor>' },
  Triton: { ...answer, outputs: 'list<Tensor>' },
  KServeV1: answer,
  TensorFlowServing: answer,
  TorchServe: answer,
  MCP: answer,
  HTTP: { ...answer, fields: 'map<string, list<string>>' },
}

type Element = 'Message' | 'Tool' | 'ToolCall' | 'Tensor' | 'Media' | 'Finding'

/** Struct types that lists are made of; their instances are made in expression.ts. */
export const elementTypes: Readonly<Record<Element, Struct>> = {
  Message: { role: 'string', content: 'string', name: 'string' },
  Tool: { type: 'string', name: 'string', description: 'string' },
  ToolCall: { id: 'string', name: 'string', arguments: 'string', input: 'dyn' },
  Tensor: {
    name: 'string',
    datatype: 'string',
    shape: 'list<int>',
    elements: 'int',
    bytes: 'int',
    text: 'list<string>',
  },
  Media: {
    name: 'string',
    type: 'string',
    sniffedType: 'string',
    bytes: 'int',
    width: 'int',
    height: 'int',
    url: 'string',
  },
  Finding: { count: 'int', paths: 'list<string>' },
}

/** The type of `findings`, by the name of a class. */
export const findingsType = 'map<string, Finding>'

/** For `subjects[].when`: the caller and the connection, before a body is looked at. */
export const subjectEnvironment: Environment = { name: 'subject', structs: { identity, connection } }

/** For `kubernetesUsername` in the platform settings. */
export const usernameEnvironment: Environment = { name: 'username', structs: { identity } }

/** For rules and variables in the Request phase; undefined when rules cannot be written for the protocol yet. */
export function requestEnvironment(protocol: string, opaque: boolean): Environment | undefined {
  if (opaque) return { name: 'request/Opaque', structs: { identity, connection, request: transport } }
  const request = requests[protocol]
  return request === undefined ? undefined : { name: `request/${protocol}`, structs: { identity, connection, request } }
}

/** For rules in the Response phase: everything the request showed, and the answer. Undefined where no answer is read. */
export function responseEnvironment(protocol: string, opaque: boolean): Environment | undefined {
  const request = requestEnvironment(protocol, opaque)
  const response = opaque ? undefined : responses[protocol]
  if (request === undefined || response === undefined) return undefined
  return { name: `response/${protocol}`, structs: { ...request.structs, response } }
}

/** What may be written about one kind of connection, by phase. */
export interface Environments {
  readonly request: Environment | undefined
  readonly response: Environment | undefined
}

export function environmentsOf(protocol: string, opaque: boolean): Environments {
  return { request: requestEnvironment(protocol, opaque), response: responseEnvironment(protocol, opaque) }
}

/** Content that nobody reads has no text, and so nothing in it can be found or masked. */
export function readsContent({ structs }: Environment): boolean {
  return structs['request']?.['prompt'] !== undefined
}

/** The same environment with what was found of the policy's own classes. */
export function withFindings(environment: Environment, classes: readonly string[]): Environment {
  if (classes.length === 0 || !readsContent(environment)) return environment
  return { ...environment, name: `${environment.name}+findings`, classes }
}

/** The same environment with the sum of the policy's own scores. */
export function withRisk(environment: Environment): Environment {
  return { ...environment, name: `${environment.name}+risk`, structs: { ...environment.structs, risk } }
}

/** The same environment with the policy's own variables under `variables`. */
export function withVariables(environment: Environment, variables: Struct): Environment {
  const names = Object.entries(variables).map(([name, type]) => `${name}:${type}`)
  if (names.length === 0) return environment
  return {
    ...environment,
    name: `${environment.name}+${names.join(',')}`,
    structs: { ...environment.structs, variables },
  }
}
