import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

// What a page is for decides its group, not its folder. A name whose file is not there is left out;
// a folder is all of its pages.
const table = {
  Start: ['index', 'getting-started', 'your-own', 'migrate-from-the-cookbook'],
  Concepts: ['concepts', 'request', 'sessions', 'tenancy', 'threat-model'],
  Guides: ['write-a-tool', 'identity-providers', 'examples', 'preview', 'writing-docs'],
  Operate: ['bootstrap', 'deploy', 'pipelines', 'operate', 'operate-signals', 'performance', 'quality', 'aws-checklist'],
  Reference: ['configuration', 'stack-configuration', 'policies', 'conformance', 'e2e', 'rules'],
  Decisions: ['decisions'],
}

/** The groups of the sidebar, in order, and an error for a page that is in none. */
export function sidebar(docs) {
  const all = pages(docs)
  const groups = Object.entries(table).map(([text, names]) => ({
    text,
    items: names.flatMap((name) => all.filter((page) => page === `${name}.md` || page.startsWith(`${name}/`))),
  }))
  const listed = new Set(groups.flatMap((group) => group.items))
  const missing = all.filter((page) => !listed.has(page))
  if (missing.length > 0) {
    throw new Error(`docs/.vitepress/navigation.mjs: in no group: ${missing.join(', ')}`)
  }
  return groups.map(({ text, items }) => ({
    text,
    collapsed: text === 'Decisions' ? true : undefined,
    items: items.map((page) => ({ text: title(join(docs, page)), link: link(page) })),
  }))
}

function pages(docs) {
  return readdirSync(docs, { recursive: true })
    .filter((path) => path.endsWith('.md') && !/(^|\/)(node_modules|\.venv)\//.test(path) && existsSync(join(docs, path)))
    .sort((a, b) => (isIndex(b) - isIndex(a)) || a.localeCompare(b))
}

const isIndex = (path) => /(^|\/)README\.md$/.test(path)

const link = (page) => '/' + page.replace(/(^|\/)(README|index)\.md$/, '$1').replace(/\.md$/, '')

function title(file) {
  const heading = readFileSync(file, 'utf8').match(/^# (.+)$/m)
  if (!heading) {
    throw new Error(`${file}: no heading`)
  }
  return heading[1].replaceAll('`', '')
}
