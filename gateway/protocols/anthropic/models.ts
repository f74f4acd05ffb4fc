// The list of models: of a connection that declares its models, those, under their public names; else what the model server says.
import { nowhere, type Start } from '../../../policy/masking/framing/place.ts'
import { startKept } from '../json/kept-texts.ts'
import { toOwnJson } from '../json/own-models.ts'
import type { OwnAnswer, ReadRequest, UpstreamRequest } from '../protocol.ts'
import { isModelName } from './places.ts'

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

/** The name of a model in the path, and ids in the query, are the caller's own words. `upstream` has been read and is plain. */
export function toQuestion(upstream: UpstreamRequest): Pick<ReadRequest, 'upstream' | 'mask'> {
  const mask = ({ start }: { readonly start: Start }): UpstreamRequest => {
    const path = upstream.path.replace(/[^/]+$/u, (name) => maskEncoded(name, start))
    const query = upstream.query.replaceAll(/(?<=_id=)[^&]+/gu, (id) => maskEncoded(id, start))
    return path === upstream.path && query === upstream.query ? upstream : { ...upstream, path, query }
  }
  return { upstream, mask }
}

function maskEncoded(encoded: string, start: Start): string {
  const text = decodeURIComponent(encoded)
  const masker = startKept(isModelName, start)(nowhere)
  const masked = masker.push(text) + masker.end()
  return masked === text ? encoded : encodeURIComponent(masked)
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
