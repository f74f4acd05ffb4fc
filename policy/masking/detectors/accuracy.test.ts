// How often the detectors are right, measured on texts from seeded generators that share no code and no table with them: number
// formats are those that telephone companies print, ids are plain random digits.
import { describe, expect, it } from 'vitest'
import { allDetectors, packs } from '../packs.ts'
import type { Detector } from '../detector.ts'
import { compileEngine } from '../engine.ts'
import type { Engine } from '../masker.ts'

/** Mulberry32: small, seeded, and nothing the detectors use. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

const fill = (template: string, random: (below: number) => number): string =>
  template.replaceAll('#', () => String(random(10)))

type Find = Engine['findAll']

function makeFinder(detectors: readonly Detector[]): Find {
  const engine = compileEngine(detectors)
  if ('problems' in engine) throw new Error('the packs do not compile')
  return engine.findAll
}

const finderOf = (...names: readonly string[]): Find =>
  makeFinder(allDetectors.filter(({ name }) => names.includes(name)))

/** The share of texts in which something is found. */
function shareFound(templates: readonly string[], find: Find, count: number): number {
  const random = makeRandom(20_261_120)
  let found = 0
  for (let index = 0; index < count; index += 1) {
    const template = templates[index % templates.length] ?? ''
    if (find(fill(template, random)).length > 0) found += 1
  }
  return found / count
}

const sentence = (value: string): readonly string[] => [
  `Please look at ${value} again.`,
  value,
  `row 7, ${value}, done`,
  `{"value":"${value}"}`,
]

describe('random ids', () => {
  it('of nine digits are taken for a social security number in at most one of a hundred', () => {
    const find = finderOf('us-ssn', 'us-ssn-plain', 'us-itin')
    const templates = ['#########', '###-###-###', '### ### ###', '##-#######'].flatMap(sentence)
    expect(shareFound(templates, find, 4_000)).toBeLessThanOrEqual(0.01)
  })

  it('of sixteen bare digits are taken for a card in at most 2.6 of a hundred', () => {
    const share = shareFound(sentence('################'), finderOf('card', 'card-plain'), 20_000)
    expect(share).toBeLessThanOrEqual(0.026)
    expect(share).toBeGreaterThan(0.015)
  })

  it('of sixteen digits after a word for orders or ids are taken for a card in less than one of a hundred', () => {
    const words = ['order', 'Order ID:', 'id =', 'Invoice', 'tracking number', 'transaction id', 'ref', 'ticket']
    const templates = words.map((word) => `The ${word} ################ was sent.`)
    expect(shareFound(templates, finderOf('card', 'card-plain'), 4_000)).toBeLessThan(0.01)
  })

  it('of nine and ten bare digits set off few of all personal detectors', () => {
    const find = makeFinder(packs.PII)
    expect(shareFound(sentence('#########'), find, 400)).toBeLessThanOrEqual(0.02)
    expect(shareFound(sentence('##########'), find, 400)).toBeLessThanOrEqual(0.02)
  })
})

/** National and international mobile formats, as printed in the numbering plans; # is any digit. */
const formats: readonly string[] = [
  '(201) 5##-####|+1 201 5## ####|(506) 23#-####|+1 506-23#-####|1-201-55#-####|201.5##.####|07400 1#####|+44 7400 1#####',
  '01512 3######|+49 1512 3######|06 12 3# ## ##|+33 6 12 3# ## ##|612 3# ## ##|+34 612 3# ## ##|312 34# ####|+39 312 34# ####',
  '06 1234####|+31 6 1234####|0450 0# ## ##|+32 450 0# ## ##|0664 1#####|+43 664 1#####|078 12# ## ##|+41 78 12# ## ##',
  '070-12# ## ##|+46 70 12# ## ##|40 6# ## ##|+47 40 6# ## ##|34 4# ## ##|+45 34 4# ## ##|041 23#####|+358 41 23#####',
  '512 3## ###|+48 512 3## ###|601 1## ###|+420 601 1## ###|912 3## ###|+351 912 3## ###|085 01# ####|+353 85 01# ####',
  '691 23# ####|+30 691 23# ####|0712 0## ###|+40 712 0## ###|06 20 12# ####|+36 20 12# ####|050 12# ####|+380 50 12# ####',
  '0501 23# ## ##|+90 501 23# ## ##|050-23#-####|+972 50-23#-####|050 12# ####|+971 50 12# ####|051 23# ####|+966 51 23# ####',
  '071 12# ####|+27 71 12# ####|0802 12# ####|+234 802 12# ####|0712 12####|+254 712 12####|081234 5####|+91 81234 5####',
  '0301 23#####|+92 301 23#####|131 23## ####|+86 131 23## ####|090-12##-####|+81 90-12##-####|010-20##-####|+82 10-20##-####',
  '8123 4###|+65 8123 4###|012-34# ####|+60 12-34# ####|081 23# ####|+66 81 23# ####|0912 34# ###|+84 912 34# ###',
  '0812-34#-###|+62 812-34#-###|0905 12# ####|+63 905 12# ####|0412 34# ###|+61 412 34# ###|021 12# ####|+64 21 12# ####',
  '(11) 9612#-####|+55 11 9612#-####|222 12# ####|+52 222 12# ####|+54 9 11 23##-####|(2) 212# ####|+56 2 212# ####|321 12#####|+57 321 12#####|912 34# ###|+51 912 34# ###',
].flatMap((line) => line.split('|'))

const phoneSentences = [
  'Call @ today.',
  'You reach me under @.',
  'Tel: @',
  'my number is @, thanks',
  '@',
  'Kontakt: @ (Anna)',
]

/** What looks like a telephone number and is none. */
const lookalikes: readonly string[] = [
  'Order #### ####',
  '2026-11-2#',
  '2#.11.2026',
  '10.#.1#.2##',
  'v1.#.12##',
  'EUR 12 34#.##',
  'id ##########',
  'SKU ####-####-##',
  '1#:##:##',
  '2026-1#-0# 1#:##',
  'page 1## of 2##',
  '53#-22-1###',
  '4### 1### 2### 3###',
  'total 1 2## ###',
  'ISBN 978-3-16-14####-#',
  'A-####-##',
  'room 4##, floor 1#',
  'k = 0.00####',
  'case ##-####',
  '#########',
  '############',
  'port 80## to 90##',
  '1##x2## px',
  'line 1## 2## 3##',
]

describe('telephone numbers', () => {
  const find = makeFinder(packs.PII.filter(({ name }) => name.startsWith('phone')))
  const random = makeRandom(7)
  let [hits, finds, numbers] = [0, 0, 0]
  for (let round = 0; round < 6; round += 1) {
    for (const [index, format] of formats.entries()) {
      const value = fill(format, random)
      const text = (phoneSentences[(index + round) % phoneSentences.length] ?? '@').replace('@', () => value)
      const found = find(text)
      numbers += 1
      finds += found.length
      if (found.some(({ start, end }) => text.slice(start, end) === value)) hits += 1
    }
    for (let index = 0; index < formats.length; index += 1) {
      finds += find(`see ${fill(lookalikes[random(lookalikes.length)] ?? '', random)} there`).length
    }
  }

  it('of forty-nine countries are found whole in at least 85 of a hundred', () => {
    expect(hits / numbers).toBeGreaterThanOrEqual(0.85)
  })

  it('are what is found in at least 85 of a hundred, among as many other numbers', () => {
    expect(hits / finds).toBeGreaterThanOrEqual(0.85)
  })
})
