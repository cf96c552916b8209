/*
 * vendor.mjs - copies the libraries that the page ships from node_modules into www/vendor, with their licences and hashes.
 *   node www/vendor.mjs [node_modules] [target]
 * Only files named here are served; nothing is built.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const [modules = join(HERE, '../node_modules'), target = join(HERE, 'vendor')] = process.argv.slice(2);

const HLJS = { package: '@highlightjs/cdn-assets', licence: ['LICENSE'] };
const LANGUAGES = ['bash', 'c', 'cpp', 'csharp', 'css', 'diff', 'dockerfile', 'go', 'ini', 'java', 'javascript', 'json', 'kotlin', 'lua', 'makefile',
	'markdown', 'nginx', 'php', 'python', 'ruby', 'rust', 'sql', 'swift', 'typescript', 'xml', 'yaml'];

const FILES = [
	{ package: 'pusher-js', from: 'dist/web/pusher.min.js', to: 'pusher.min.js', licence: ['LICENCE', 'LICENSE'] },
	{ package: 'marked', from: 'lib/marked.esm.js', to: 'marked.esm.js', licence: ['LICENSE', 'LICENSE.md'] },
	{ ...HLJS, from: 'es/core.min.js', to: 'hljs/core.js' },
	...LANGUAGES.map((name) => ({ ...HLJS, from: `es/languages/${name}.min.js`, to: `hljs/${name}.js` })),
];

async function firstOf(dir, names) {
	for (const name of names) {
		const text = await readFile(join(dir, name), 'utf8').catch(() => null);
		if (text !== null)
			return text;
	}
	throw new Error(`${dir}: no licence file`);
}

/** The maps are not shipped: a browser would ask for them in vain. */
const withoutMap = (source) => source.replace(/^\/\/# sourceMappingURL=.*$/gm, '');

const fresh = `${target}.new`;
await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
const list = [], licences = new Set();
for (const file of FILES) {
	const dir = join(modules, file.package);
	const { version, license } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
	const source = withoutMap(await readFile(join(dir, file.from), 'utf8'));
	await mkdir(dirname(join(fresh, file.to)), { recursive: true });
	await writeFile(join(fresh, file.to), source);
	list.push({ file: file.to, package: file.package, version, license, sha256: createHash('sha256').update(source).digest('hex') });
	licences.add(`${file.package} ${version}\n\n${await firstOf(dir, file.licence)}`);
}
await writeFile(join(fresh, 'VENDOR.json'), `${JSON.stringify(list, null, 2)}\n`);
await writeFile(join(fresh, 'LICENSES.txt'), [...licences].join('\n\n----\n\n'));
await rm(target, { recursive: true, force: true });
await rename(fresh, target);
console.log([...new Set(list.map((f) => `${f.package} ${f.version}`))].join(', '));
