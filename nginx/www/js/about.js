// What it is about and where: the catalogue as groups of radio buttons with a search over its names in all languages, and the
// ward by the device's location or by choice. The server has the polygons.

import { $, el, guarded } from './dom.js';
import { call } from './api.js';
import { count, named, onLanguage, span, t } from './i18n.js';

let departments = [];
let changed = () => {};
let wards = [];
let point = null; // {location, candidates}: dropped when another ward is chosen
let note = null;

// -- subject ----------------------------------------------------------------------------------------------------

function words(...names) {
	return names.flatMap((n) => [n.en, n.bn, n.hi]).join(' ').normalize('NFC').toLowerCase();
}

function radio(department, category, sub, chosen) {
	return el('label', { class: 'choice', 'data-words': words(department, category, sub) },
		el('input', { type: 'radio', name: 'subcategory', value: sub.code, checked: sub.code === chosen, change: () => changed() }),
		el('span', {}, named(sub), el('small', {}, t('promise', { span: span(sub.sla_hours * 3600000) }))));
}

function filter() {
	const wanted = $('find').value.normalize('NFC').toLowerCase().split(/\s+/).filter(Boolean);
	let n = 0;
	for (const group of $('subjects').querySelectorAll('details')) {
		let here = 0;
		for (const label of group.querySelectorAll('label')) {
			const fits = wanted.every((w) => label.dataset.words.includes(w));
			label.hidden = !fits;
			here += fits;
		}
		group.hidden = here === 0;
		group.open = here > 0 && (wanted.length > 0 || group.querySelector(':checked') !== null);
		n += here;
	}
	$('found').textContent = wanted.length ? t(n ? 'found' : 'found_none', { n: count(n) }) : '';
}

function drawSubjects() {
	const chosen = subject();
	$('subjects').replaceChildren(...departments.map((d) => el('details', {}, el('summary', {}, named(d)),
		d.categories.map((c) => el('div', { role: 'group', 'aria-label': named(c) },
			d.categories.length > 1 && el('p', { class: 'group', 'aria-hidden': 'true' }, named(c)),
			c.subcategories.map((s) => radio(d, c, s, chosen)))))));
	filter();
}

/** The chosen subcategory's code. */
export function subject() {
	return $('subjects').querySelector(':checked')?.value;
}

export function choose(code) {
	for (const input of $('subjects').querySelectorAll('input'))
		input.checked = input.value === code;
	filter();
}

// -- place ------------------------------------------------------------------------------------------------------

function say(key, values) {
	note = key && { key, values };
	$('located').textContent = note ? t(note.key, note.values?.()) : '';
}

function drawWards() {
	const chosen = $('ward').value;
	$('ward').replaceChildren($('ward').options[0],
		...wards.map((w) => el('option', { value: w.ward }, t('ward_borough', { ward: count(w.ward), borough: count(w.borough) }))));
	$('ward').value = chosen;
	if (note)
		say(note.key, note.values);
}

function position() {
	return new Promise((found, failed) => {
		if (!navigator.geolocation)
			failed({ code: 2 });
		else
			navigator.geolocation.getCurrentPosition(found, failed, { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
	});
}

async function locate() {
	let here;
	try {
		here = (await position()).coords;
	} catch (e) {
		say(e.code === 1 ? 'locate_denied' : 'locate_failed');
		return;
	}
	const location = { lat: Number(here.latitude.toFixed(6)), lon: Number(here.longitude.toFixed(6)) };
	if (here.accuracy)
		location.accuracy_m = Math.ceil(here.accuracy);
	try {
		const { ward, candidates } = await call('GET', `/wards/locate?lat=${location.lat}&lon=${location.lon}`);
		point = { location, candidates: candidates.map(String) };
		if (ward) {
			$('ward').value = ward;
			say('located', () => ({ ward: count(ward) }));
		} else {
			$('ward').value = '';
			say('locate_choose', () => ({ wards: candidates.map(count).join(', ') }));
		}
		changed();
	} catch (e) {
		point = null;
		say(e.code === 'outside_kolkata' ? 'locate_outside' : 'locate_failed');
	}
}

/** {ward, location} as POST /complaints takes them. */
export function place() {
	const ward = Number($('ward').value) || undefined;
	return { ward, location: point && ward && point.candidates.includes(String(ward)) ? point.location : undefined };
}

/** Fills the form from the catalogue and the wards, once: true when it did; `onChange` hears of every choice. */
export async function startAbout(onChange) {
	if (departments.length)
		return false;
	changed = onChange;
	const [catalogue, list] = await Promise.all([call('GET', '/catalogue'), call('GET', '/wards')]);
	departments = catalogue.departments;
	wards = list.wards;
	drawSubjects();
	drawWards();
	onLanguage(drawSubjects);
	onLanguage(drawWards);
	$('find').addEventListener('input', filter);
	$('find').addEventListener('keydown', (event) => {
		if (event.key === 'Enter')
			event.preventDefault(); // it searches, it does not send the form
	});
	$('locate').addEventListener('click', guarded($('locate'), 'locating', $('live'), locate));
	$('ward').addEventListener('change', () => {
		if (point && !point.candidates.includes($('ward').value)) {
			point = null;
			say(null);
		}
		changed();
	});
	return true;
}
