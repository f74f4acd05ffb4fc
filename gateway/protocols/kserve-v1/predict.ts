// Bodies of version 1: a list of instances, or inputs by name or by column, and what the server wants to know beside them. Every string
// counts as prompt, and so does what stands in base64.
import { fields, keep } from '../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { toDataPlace } from '../declared/data-place.ts'
import { assertPlainKeys, malformed, readJsonObject, withoutKeys } from '../json/fields.ts'
import { maskJsonRequest } from '../json/mask-body.ts'
import { tensorBounds } from '../json/strict-json.ts'
import { collectText } from '../open-inference/collect-text.ts'
import { isPlainName } from '../open-inference/plain-name.ts'
import type { UpstreamRequest } from '../protocol.ts'

export interface Instances {
  readonly instances: readonly Json[]
  readonly prompt: string
  /** Everything else of the body. */
  readonly parameters: JsonObject
  readonly body: JsonObject
}

const dataKeys: ReadonlySet<string> = new Set(['instances', 'inputs'])
const knownKeys: ReadonlySet<string> = new Set([...dataKeys, 'signature_name', 'parameters'])

export function readPredict(bytes: Uint8Array): Instances {
  const { body } = readJsonObject(bytes, tensorBounds)
  assertPlainKeys(body, knownKeys)
  const instances = body['instances'] ?? null
  const inputs = body['inputs'] ?? null
  if ((instances === null) === (inputs === null)) throw malformed('The body must have either `instances` or `inputs`.')
  if (instances !== null && !isList(instances)) throw malformed('`instances` must be a list.')
  return toInstances(body, dataKeys, isList(instances) ? instances : toList(inputs))
}

/** `data`: the keys that hold what `instances` shows. */
export function toInstances(body: JsonObject, data: ReadonlySet<string>, instances: readonly Json[]): Instances {
  const held = Object.entries(body).filter(([key]) => data.has(key))
  const parameters = withoutKeys(body, data)
  return {
    instances,
    prompt: [...held.map(([, value]) => value), ...Object.values(parameters)].flatMap(listText).join('\n'),
    parameters,
    body,
  }
}

/** Text in instances of any shape, and in what stands beside them. A signature is asked for by the name that the model has for it. */
export function maskInstances(
  { upstream, body }: { readonly upstream: UpstreamRequest; readonly body: JsonObject },
  masks: TextMasks,
): UpstreamRequest {
  const data = toDataPlace(masks.start)
  const signature = isPlainName(body['signature_name']) ? keep : data
  const known = { instances: data, inputs: data, parameters: data, examples: data, context: data }
  return maskJsonRequest(upstream, fields({ ...known, signature_name: signature }, data), masks)
}

/** Bytes that one decoder would take and another would not are text that nobody could judge. */
function listText(value: Json): readonly string[] {
  return collectText(value, () => {
    throw malformed('A value under `b64` is not base64.')
  })
}

function toList(inputs: Json): readonly Json[] {
  return isList(inputs) ? inputs : [inputs]
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** A CloudEvent hides the request in its `data`; servers take it for one by its attributes, whatever the content type says. */
export function assertNoCloudEvent(body: JsonObject): void {
  if (!['specversion', 'source', 'type', 'id', 'data'].every((key) => Object.hasOwn(body, key))) return
  throw malformed('CloudEvents are not supported; send what is in `data`.')
}
