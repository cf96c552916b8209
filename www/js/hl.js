/*
 * hl.js - colours of code. highlight.js and the one language that is needed are loaded when a block is complete; what it
 * returns (spans with a class, five entities, nothing else) is made into nodes here, so no HTML is parsed.
 */
const BYTES_MAX = 50000;
const NAMES = new Set(['bash', 'c', 'cpp', 'csharp', 'css', 'diff', 'dockerfile', 'go', 'ini', 'java', 'javascript', 'json', 'kotlin', 'lua',
	'makefile', 'markdown', 'nginx', 'php', 'python', 'ruby', 'rust', 'sql', 'swift', 'typescript', 'xml', 'yaml']);
const ALIASES = {
	js: 'javascript', mjs: 'javascript', jsx: 'javascript', node: 'javascript', ts: 'typescript', tsx: 'typescript', py: 'python', python3: 'python',
	sh: 'bash', shell: 'bash', zsh: 'bash', console: 'bash', html: 'xml', svg: 'xml', xhtml: 'xml', yml: 'yaml', 'c++': 'cpp', hpp: 'cpp', h: 'c',
	cs: 'csharp', 'c#': 'csharp', rb: 'ruby', rs: 'rust', golang: 'go', toml: 'ini', env: 'ini', conf: 'nginx', kt: 'kotlin', make: 'makefile', md: 'markdown',
	patch: 'diff', docker: 'dockerfile', jsonc: 'json', json5: 'json', postgresql: 'sql', mysql: 'sql', sqlite: 'sql',
};
const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#x27;': "'" };

/** The file of a language as people write its name after a fence; null: we have none. Pure. */
export function languageFile(name) {
	const low = name.toLowerCase();
	const file = Object.hasOwn(ALIASES, low) ? ALIASES[low] : low;
	return NAMES.has(file) ? file : null;
}

/** highlight.js' output as a flat list: a class to open, null to close, {text}. Pure. */
export function parts(html) {
	const out = [];
	for (const [, cls, close, text] of html.matchAll(/<span class="([^"]*)">|(<\/span>)|([^<]+)/g))
		if (cls !== undefined)
			out.push(cls);
		else if (close)
			out.push(null);
		else
			out.push({ text: text.replace(/&(?:amp|lt|gt|quot|#x27);/g, (entity) => ENTITIES[entity]) });
	return out;
}

function nodes(html) {
	const root = document.createDocumentFragment();
	const open = [root];
	for (const part of parts(html)) {
		if (part === null) {
			open.pop();
		} else if (typeof part === 'string') {
			const span = document.createElement('span');
			span.className = part;
			open.at(-1).append(span);
			open.push(span);
		} else {
			open.at(-1).append(part.text);
		}
	}
	return root;
}

const loading = new Map();

function load(file) {
	if (!loading.has(file))
		loading.set(file, Promise.all([import('../vendor/hljs/core.js'), import(`../vendor/hljs/${file}.js`)]).then(([core, language]) => {
			core.default.registerLanguage(file, language.default);
			return core.default;
		}, () => null));
	return loading.get(file);
}

const whenIdle = (run) => (window.requestIdleCallback ? requestIdleCallback(run, { timeout: 500 }) : setTimeout(run, 50));

/** Colours the text of a code element, some time. */
export async function colour(el, text, name) {
	const file = languageFile(name);
	const hljs = file && text.length <= BYTES_MAX ? await load(file) : null;
	if (!hljs)
		return;
	whenIdle(() => {
		if (el.isConnected && el.textContent === text)
			el.replaceChildren(nodes(hljs.highlight(text, { language: file, ignoreIllegals: true }).value));
	});
}
