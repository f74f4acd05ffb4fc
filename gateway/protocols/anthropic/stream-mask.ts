// A streamed message under a mask. Every text that grows in a block has a masker of its own, under the index of the block; what it holds
// leaves as one more delta before the event that ends the block. The text that a block begins with is the first piece of it.
import type { Channel, ChannelSet, EventPlan, HeldEvent } from '../../../policy/masking/framing/channels.ts'
import type { Place } from '../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { JsonObject } from '../../../policy/model.ts'
import { openSseMask, type PlannedEvent, type SsePlans, type WrittenEvent } from '../framing/sse-mask.ts'
import { isSealed } from '../json/gather-text.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { wirePlace } from '../json/wire-places.ts'
import type { StreamMask } from '../protocol.ts'
import { isWireName, toWireRules } from './places.ts'

export function openMessageMask(masks: TextMasks): StreamMask {
  return openSseMask(masks, new MessagePlans(masks))
}

/** In any other everything is masked. */
const events: ReadonlySet<string> = new Set([
  'content_block_delta',
  'content_block_start',
  'content_block_stop',
  'error',
  'message_delta',
  'message_start',
  'message_stop',
  'ping',
])

/** Where an event has texts that grow. */
type Growing = 'content_block' | 'delta' | undefined

class MessagePlans implements SsePlans {
  readonly #masks: TextMasks
  /** By index: how often another block began under it whose forerunner had not ended. */
  readonly #restarts = new Map<number, number>()
  readonly #open = new Set<string>()

  constructor(masks: TextMasks) {
    this.#masks = masks
  }

  readonly plan = ({ said }: PlannedEvent, set: ChannelSet): EventPlan => {
    if (!isJsonObject(said) || !isEvent(said)) return { places: set.other, ends: [] }
    const type = said['type']
    if (type === 'content_block_start') return this.#begin(said, set)
    if (type === 'content_block_delta') return { places: this.#placesOf(said, 'delta', set), ends: [] }
    if (type === 'content_block_stop') return this.#stop(said, set)
    return { places: this.#placesOf(said, undefined, set), ends: isEnd(said) ? 'All' : [] }
  }

  /** What began a block cannot be said twice: what is left of a text is always a delta. */
  readonly write = ({ channel, held, text, frame }: HeldEvent): WrittenEvent => {
    if (!isWireName(channel.name)) return { event: frame, data: text }
    const { type, key } = toDelta(channel.name)
    const index = Number(channel.choice.split('/')[1])
    return {
      event: 'content_block_delta',
      data: JSON.stringify({
        type: 'content_block_delta',
        ...(index < 0 ? {} : { index }),
        delta: { type, [key]: held },
      }),
    }
  }

  #begin(event: JsonObject, set: ChannelSet): EventPlan {
    const before = this.#choiceOf(event)
    if (!this.#open.delete(before)) return { places: this.#placesOf(event, 'content_block', set), ends: [] }
    const index = toIndex(event)
    this.#restarts.set(index, (this.#restarts.get(index) ?? 0) + 1)
    return { places: this.#placesOf(event, 'content_block', set), ends: [{ choice: before }] }
  }

  #stop(event: JsonObject, set: ChannelSet): EventPlan {
    const choice = this.#choiceOf(event)
    this.#open.delete(choice)
    return { places: this.#placesOf(event, undefined, set), ends: [{ choice }] }
  }

  #placesOf(event: JsonObject, growing: Growing, set: ChannelSet): Place {
    const { start } = this.#masks
    const owner = growing === undefined ? undefined : event[growing]
    if (!isJsonObject(owner)) return wirePlace(event, toWireRules(start))
    const pieces = this.#toPieces(event, growing === 'delta' ? listGrowing(owner) : listBegun(owner), set)
    return wirePlace(
      event,
      toWireRules(start, (name, one) => (one === owner ? pieces.get(name) : undefined)),
    )
  }

  #toPieces(event: JsonObject, names: readonly string[], set: ChannelSet): ReadonlyMap<string, Place> {
    const choice = this.#choiceOf(event)
    if (names.length > 0) this.#open.add(choice)
    return new Map(names.map((name) => [name, set.piece(toChannel(choice, name))]))
  }

  #choiceOf(event: JsonObject): string {
    const index = toIndex(event)
    const restarts = this.#restarts.get(index)
    return restarts === undefined ? `content/${index}` : `content/${index}/${restarts}`
  }
}

/** Names that programs give; any other may be data, and is not told. */
const plainName = /^[A-Za-z_]{1,32}$/u

function listGrowing(delta: JsonObject): readonly string[] {
  return Object.entries(delta).flatMap(([name, value]) =>
    name !== 'type' && typeof value === 'string' && plainName.test(name) && !isSignature(name, value) ? [name] : [],
  )
}

/** A block of text has its text under the name of its type, and so have those of thoughts. */
function listBegun(block: JsonObject): readonly string[] {
  const { type } = block
  return typeof type === 'string' && isWireName(type) && typeof block[type] === 'string' ? [type] : []
}

/** It comes whole, and stays as it is. */
function isSignature(name: string, value: string): boolean {
  return name === 'signature' && isSealed(value)
}

/** By the name under which the whole block has the text. */
const deltas = [
  { name: 'input', type: 'input_json_delta', key: 'partial_json' },
  { name: 'text', type: 'text_delta', key: 'text' },
  { name: 'thinking', type: 'thinking_delta', key: 'thinking' },
]

function toDelta(name: string): { readonly type: string; readonly key: string } {
  return deltas.find((delta) => delta.name === name) ?? { type: `${name}_delta`, key: name }
}

function toChannel(choice: string, key: string): Channel {
  return { choice, name: deltas.find((delta) => delta.key === key)?.name ?? key }
}

function isEvent({ type }: JsonObject): boolean {
  return typeof type === 'string' && events.has(type)
}

function isEnd({ type, delta }: JsonObject): boolean {
  if (type === 'message_stop' || type === 'error') return true
  return type === 'message_delta' && isJsonObject(delta) && typeof delta['stop_reason'] === 'string'
}

function toIndex({ index }: JsonObject): number {
  return typeof index === 'number' ? index : -1
}
