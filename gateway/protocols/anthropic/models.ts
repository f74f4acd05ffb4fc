// The list of models: of a connection that declares its models, those, under their public names; else what the model server says.
import { toOwnJson } from '../json/own-models.ts'
import type { OwnAnswer } from '../protocol.ts'

export function toModelList(names: readonly string[]): OwnAnswer {
  return toOwnJson({
    data: names.map(toModel),
    has_more: false,
    first_id: names[0] ?? null,
    last_id: names.at(-1) ?? null,
  })
}

export function toModelAnswer(name: string): OwnAnswer {
  return toOwnJson(toModel(name))
}

/** What is not known here is null; a time that is not known is the epoch, as Anthropic writes it. */
function toModel(id: string): object {
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: '1970-01-01T00:00:00Z',
    capabilities: null,
    max_input_tokens: null,
    max_tokens: null,
  }
}
