/**
 * The Prometheus text format 0.0.4, read strictly: a line that a scraper would not take, a sample without its
 * TYPE, a family in two places, a sample twice, or a histogram that is none throws.
 *
 *   const { families, samples } = parse(text);     samples: [{ name, labels, value }]
 */
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (NaN|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/g;
const unescape = (text) => text.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
const number = (text) => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

function checkHistogram(family, samples) {
	const series = new Map();
	for (const s of samples) {
		const { le, ...labels } = s.labels;
		const key = JSON.stringify(labels);
		const one = series.get(key) ?? series.set(key, { buckets: [] }).get(key);
		if (s.name === `${family}_bucket`)
			one.buckets.push([number(le), s.value]);
		else
			one[s.name.slice(family.length + 1)] = s.value;
	}
	for (const { buckets, count, sum } of series.values()) {
		if (sum === undefined || count === undefined || buckets.at(-1)?.[0] !== Infinity || buckets.at(-1)[1] !== count)
			throw new Error(`${family}: no whole histogram`);
		if (buckets.some(([le, n], i) => i > 0 && (le <= buckets[i - 1][0] || n < buckets[i - 1][1])))
			throw new Error(`${family}: its buckets do not rise`);
	}
}

export function parse(text) {
	const families = new Map();
	const samples = [];
	const seen = new Set();
	let current;
	if (!text.endsWith('\n'))
		throw new Error('the last line does not end');
	for (const line of text.slice(0, -1).split('\n')) {
		const meta = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
		if (meta) {
			const [, what, name, value] = meta;
			if (!NAME.test(name) || (what === 'TYPE' && !['counter', 'gauge', 'histogram'].includes(value)))
				throw new Error(line);
			if (what === 'HELP' && families.has(name))
				throw new Error(`${name} is in two places`);
			current = families.get(name) ?? { name, samples: [] };
			current[what.toLowerCase()] = value;
			families.set(name, current);
			continue;
		}
		const sample = SAMPLE.exec(line);
		if (!sample)
			throw new Error(`no sample: ${line}`);
		const [, name, labels = '', value] = sample;
		const own = current?.type === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') : name;
		if (own !== current?.name || !current.type || !current.help)
			throw new Error(`${name} has no TYPE and HELP before it`);
		if (current.type === 'counter' && !name.endsWith('_total'))
			throw new Error(`${name} is a counter by another name`);
		const key = `${name}{${labels}}`;
		if (seen.has(key))
			throw new Error(`${key} comes twice`);
		seen.add(key);
		const one = { name, labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, k, v]) => [k, unescape(v)])), value: number(value) };
		samples.push(one);
		current.samples.push(one);
	}
	for (const f of families.values())
		if (f.type === 'histogram')
			checkHistogram(f.name, f.samples);
	return { families, samples };
}
