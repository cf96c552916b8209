/* actions.js - the two forms: sending an event, ending a user's connections. */
import { appPath, post } from './api.js';
import { $ } from './dom.js';
import { label } from './i18n.js';

let app = null;

const CHANNEL = /^(#server-to-user-)?[\w\-=@,.;]+$/;

/** words: {t, vars}, so that they follow the language; null: nothing. */
function say(id, words, isGood) {
	if (words) {
		label($(id), words);
	} else {
		delete $(id).dataset.t;
		$(id).textContent = '';
	}
	$(id).className = `said ${isGood ? 'good' : 'bad'}`;
}

async function run(form, said, work) {
	const button = form.querySelector('button');
	button.disabled = true;
	try {
		say(said, await work(), true);
	} catch (e) {
		say(said, e.words ?? (e.status === 0 ? { t: 'no_server' } : { t: 'failed', vars: { why: e.message } }), false);
	} finally {
		button.disabled = false;
	}
}

/** What a browser says about JSON is English; where it is wrong is a number. */
function readData() {
	try {
		return JSON.parse($('send-data').value);
	} catch (e) {
		const [, line, column] = /line (\d+) column (\d+)/.exec(e.message) ?? [];
		throw Object.assign(e, { words: line ? { t: 'bad_json_at', vars: { line, column } } : { t: 'bad_json' } });
	}
}

async function send() {
	const channel = $('send-channel').value;
	if (!CHANNEL.test(channel))
		throw Object.assign(new Error(channel), { words: { t: 'bad_channel' } });
	const { delivered } = await post(appPath(app, 'event'), { channel, name: $('send-event').value, data: readData() });
	return { t: 'delivered_n', vars: { n: delivered } };
}

async function end() {
	const { terminated } = await post(appPath(app, 'terminate'), { user_id: $('end-user').value });
	return { t: 'terminated_n', vars: { n: terminated } };
}

export function begin(next) {
	app = next;
	for (const id of ['send-said', 'end-said'])
		say(id, null, true);
}

export function setUp() {
	$('send').addEventListener('submit', (e) => { e.preventDefault(); run(e.target, 'send-said', send); });
	$('end').addEventListener('submit', (e) => { e.preventDefault(); run(e.target, 'end-said', end); });
	$('send-data').addEventListener('input', () => {
		try {
			readData();
			say('send-said', null, true);
		} catch (e) {
			say('send-said', e.words, false);
		}
	});
}
