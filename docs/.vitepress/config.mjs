import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defineConfig } from 'vitepress'
import diagrams from './diagrams.mjs'
import { sidebar } from './navigation.mjs'
import plain from './plain.mjs'
import sourceLinks from './source-links.mjs'

const docs = resolve(import.meta.dirname, '..')
const { repository } = JSON.parse(readFileSync(join(docs, 'package.json'), 'utf8'))

export default defineConfig({
  title: 'Leasehold',
  description: 'A multi-tenant MCP server in Go, on your machine and on AWS Lambda',
  lang: 'en',
  base: process.env.DOCS_BASE || '/',
  outDir: '../build/docs-site',
  cacheDir: '../build/docs-cache',
  vite: { build: { chunkSizeWarningLimit: 1000 } }, // Mermaid's layouts, which pages with a diagram load
  srcExclude: ['**/node_modules/**', '**/.venv/**'],
  // GitHub shows README.md for a folder, a web server index.html.
  rewrites: (page) => page.replace(/(^|\/)README\.md$/, '$1index.md'),
  markdown: {
    // GitHub's anchors, so that one link works in both places: lower case, no punctuation, a hyphen for each space.
    anchor: {
      slugify: (heading) =>
        heading.trim().toLowerCase().replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replace(/ /g, '-'),
    },
    config: (md) => {
      plain(md)
      diagrams(md)
      sourceLinks(md, docs, repository)
    },
  },
  themeConfig: {
    sidebar: sidebar(docs),
    outline: [2, 3],
    search: { provider: 'local' },
    ...(repository && {
      socialLinks: [{ icon: 'github', link: repository }],
      editLink: { pattern: `${repository}/edit/main/docs/:path` },
    }),
  },
})
