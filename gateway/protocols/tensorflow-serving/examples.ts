// Bodies of :classify and :regress: examples of named features, and a context that the server adds to each of them. Rules see each example
// as the model does, with the context in it.
import type { JsonObject } from '../../../policy/model.ts'
import { assertPlainKeys, malformed, readJsonObject, readList, readObject } from '../json/fields.ts'
import { tensorBounds } from '../json/strict-json.ts'
import type { Instances } from '../kserve-v1/predict.ts'
import { toInstances } from '../kserve-v1/predict.ts'

const dataKeys: ReadonlySet<string> = new Set(['context', 'examples'])
const knownKeys: ReadonlySet<string> = new Set([...dataKeys, 'signature_name'])

export function readExamples(bytes: Uint8Array): Instances {
  const { body } = readJsonObject(bytes, tensorBounds)
  assertPlainKeys(body, knownKeys)
  const examples = readList(body, 'examples')
  if (examples.length === 0) throw malformed('`examples` must be a list with at least one example.')
  const context = Object.hasOwn(body, 'context') ? readObject(body, 'context') : {}
  return toInstances(
    body,
    dataKeys,
    examples.map((example) => withContext(context, example)),
  )
}

/** A feature in both would be one thing to the judge and perhaps another to the server, which forbids it. */
function withContext(context: JsonObject, example: JsonObject): JsonObject {
  if (Object.keys(example).some((feature) => Object.hasOwn(context, feature))) {
    throw malformed('A feature stands in `context` and in an example.')
  }
  return { ...context, ...example }
}
