/* What can be wrong with a list, and what to do about it, in three languages. */
#include "core/scan.h"
#include "domain/roster.h"

#define SHOWN_CHARS 40

const char *const roster_list_names[] = {
	[ROSTER_STAFF] = "staff", [ROSTER_CATEGORIES] = "categories", [ROSTER_SUBCATEGORIES] = "subcategories", NULL
};
_Static_assert(ARRAY_LEN(roster_list_names) == ROSTER_LIST__COUNT + 1, "a list has no name");

/* {n} and {value} are those of the error. */
/* clang-format off */
static const struct {
	const char *code;
	const char *text[LANG__COUNT];
} faults[] = {
	[RF_CSV] = { "csv", {
		"the quotation marks or line ends are not those of a CSV file; save it as CSV again",
		"উদ্ধৃতি চিহ্ন বা লাইনের শেষ CSV ফাইলের মতো নয়; আবার CSV হিসেবে সেভ করুন",
		"उद्धरण चिह्न या पंक्ति का अंत CSV फ़ाइल जैसा नहीं है; इसे फिर CSV के रूप में सहेजें" } },
	[RF_UTF8] = { "utf8", {
		"not UTF-8; save the file as \"CSV UTF-8\"",
		"UTF-8 নয়; ফাইলটি \"CSV UTF-8\" হিসেবে সেভ করুন",
		"UTF-8 नहीं है; फ़ाइल को \"CSV UTF-8\" के रूप में सहेजें" } },
	[RF_EMPTY] = { "empty", {
		"the file is empty; its first line names the columns",
		"ফাইলটি খালি; প্রথম লাইনে কলামের নাম থাকা চাই",
		"फ़ाइल खाली है; पहली पंक्ति में स्तंभों के नाम चाहिए" } },
	[RF_FIELDS_MANY] = { "fields_many", {
		"more cells than the first line has",
		"প্রথম লাইনের চেয়ে বেশি ঘর আছে",
		"पहली पंक्ति से अधिक ख़ाने हैं" } },
	[RF_FIELDS_FEW] = { "fields_few", {
		"fewer cells than the first line has",
		"প্রথম লাইনের চেয়ে কম ঘর আছে",
		"पहली पंक्ति से कम ख़ाने हैं" } },
	[RF_COLUMN_MISSING] = { "column_missing", {
		"the column {value} is missing",
		"{value} কলামটি নেই",
		"स्तंभ {value} नहीं है" } },
	[RF_COLUMN_UNKNOWN] = { "column_unknown", {
		"there is no column {value} in this list",
		"এই তালিকায় {value} নামে কোনও কলাম নেই",
		"इस सूची में {value} नाम का कोई स्तंभ नहीं है" } },
	[RF_COLUMN_TWICE] = { "column_twice", {
		"the column {value} stands twice",
		"{value} কলামটি দু'বার আছে",
		"स्तंभ {value} दो बार है" } },
	[RF_ROWS_MANY] = { "rows_many", {
		"more than {n} rows; send one department at a time",
		"{n}টির বেশি সারি; এক বারে একটি বিভাগ পাঠান",
		"{n} से अधिक पंक्तियाँ; एक बार में एक विभाग भेजें" } },
	[RF_REQUIRED] = { "required", {
		"is missing",
		"লেখা নেই",
		"लिखा नहीं है" } },
	[RF_TOO_LONG] = { "too_long", {
		"longer than {n} characters",
		"{n}টি অক্ষরের বেশি",
		"{n} अक्षरों से लंबा है" } },
	[RF_CHARACTERS] = { "characters", {
		"holds a line break or a character that cannot be shown",
		"লাইন ভাঙা বা দেখানো যায় না এমন অক্ষর আছে",
		"इसमें पंक्ति-विराम या न दिखने वाला अक्षर है" } },
	[RF_USER] = { "user", {
		"a user name has 3 to 60 of a-z 0-9 . _ - and begins with a letter",
		"ইউজার নেমে a-z 0-9 . _ - থেকে ৩ থেকে ৬০টি অক্ষর থাকে, শুরু হয় a-z দিয়ে",
		"यूज़र नाम में a-z 0-9 . _ - में से 3 से 60 अक्षर होते हैं और आरंभ a-z से होता है" } },
	[RF_ROLE] = { "role", {
		"there is no role \"{value}\"; write lme, gro, eo, controlling, desk, commissioner, mayor or admin",
		"\"{value}\" নামে কোনও ভূমিকা নেই; লিখুন lme, gro, eo, controlling, desk, commissioner, mayor বা admin",
		"\"{value}\" नाम की कोई भूमिका नहीं; lme, gro, eo, controlling, desk, commissioner, mayor या admin लिखें" } },
	[RF_ROLE_FORBIDDEN] = { "role_forbidden", {
		"only an administrator gives the role {value}",
		"{value} ভূমিকা শুধু প্রশাসক দিতে পারেন",
		"भूमिका {value} केवल प्रशासक दे सकते हैं" } },
	[RF_ROLE_ELSEWHERE] = { "role_elsewhere", {
		"the role {value} belongs to no department; it stands in the list of all",
		"{value} ভূমিকা কোনও বিভাগের নয়; এটি সকলের তালিকায় থাকে",
		"भूमिका {value} किसी विभाग की नहीं है; वह सबकी सूची में रहती है" } },
	[RF_NOT_FOR_ROLE] = { "not_for_role", {
		"stays empty for the role {value}",
		"{value} ভূমিকার জন্য ঘরটি খালি থাকে",
		"भूमिका {value} के लिए यह खाली रहता है" } },
	[RF_DEPARTMENT] = { "department", {
		"there is no department \"{value}\"",
		"\"{value}\" নামে কোনও বিভাগ নেই",
		"\"{value}\" नाम का कोई विभाग नहीं है" } },
	[RF_DEPARTMENT_OTHER] = { "department_other", {
		"this list is for the department {value} alone",
		"এই তালিকা শুধু {value} বিভাগের",
		"यह सूची केवल विभाग {value} की है" } },
	[RF_LEVEL] = { "level", {
		"an escalation officer has the level 1 or 2",
		"এসকেলেশন অফিসারের স্তর ১ বা ২ (1, 2)",
		"एस्केलेशन अधिकारी का स्तर 1 या 2 होता है" } },
	[RF_BOROUGH] = { "borough", {
		"there is no borough \"{value}\"; there are 1 to 16",
		"\"{value}\" নম্বর বরো নেই; আছে 1 থেকে 16",
		"बोरो \"{value}\" नहीं है; 1 से 16 हैं" } },
	[RF_WARD] = { "ward", {
		"there is no ward \"{value}\"; there are 1 to 144",
		"\"{value}\" নম্বর ওয়ার্ড নেই; আছে 1 থেকে 144",
		"वार्ड \"{value}\" नहीं है; 1 से 144 हैं" } },
	[RF_WARD_BOROUGH] = { "ward_borough", {
		"ward {n} does not lie in the boroughs of this row",
		"{n} নম্বর ওয়ার্ড এই সারির বরোগুলিতে পড়ে না",
		"वार्ड {n} इस पंक्ति के बोरो में नहीं आता" } },
	[RF_BOROUGH_WARDS] = { "borough_wards", {
		"no ward of this row lies in borough {n}; for the whole borough write a row of its own",
		"এই সারির কোনও ওয়ার্ড {n} নম্বর বরোতে নেই; পুরো বরোর জন্য আলাদা সারি লিখুন",
		"इस पंक्ति का कोई वार्ड बोरो {n} में नहीं है; पूरे बोरो के लिए अलग पंक्ति लिखें" } },
	[RF_SUBCATEGORY] = { "subcategory", {
		"there is no category or subcategory \"{value}\"",
		"\"{value}\" নামে কোনও শ্রেণি বা উপশ্রেণি নেই",
		"\"{value}\" नाम की कोई श्रेणी या उपश्रेणी नहीं है" } },
	[RF_SUBCATEGORY_OTHER] = { "subcategory_other", {
		"{value} belongs to another department",
		"{value} অন্য বিভাগের",
		"{value} दूसरे विभाग की है" } },
	[RF_DUTIES_MANY] = { "duties_many", {
		"{n} combinations of area and subject for this person; 64 at most",
		"এঁর জন্য এলাকা ও বিষয় মিলিয়ে {n}টি; 64টির বেশি চলে না",
		"इस व्यक्ति के क्षेत्र और विषय मिलाकर {n} हैं; अधिक से अधिक 64" } },
	[RF_MOBILE_DIGITS] = { "mobile_digits", {
		"{n} digits, needs 10",
		"{n}টি সংখ্যা আছে, 10টি দরকার",
		"{n} अंक हैं, 10 चाहिए" } },
	[RF_MOBILE] = { "mobile", {
		"not an Indian mobile number; ten digits, the first 6, 7, 8 or 9",
		"ভারতীয় মোবাইল নম্বর নয়; দশটি সংখ্যা, প্রথমটি 6, 7, 8 বা 9",
		"भारतीय मोबाइल नंबर नहीं है; दस अंक, पहला 6, 7, 8 या 9" } },
	[RF_MOBILE_TWICE] = { "mobile_twice", {
		"the same as that of somebody else in row {n}",
		"{n} নম্বর সারির অন্য এক জনের নম্বরের সমান",
		"पंक्ति {n} के किसी और के नंबर जैसा ही है" } },
	[RF_MOBILE_TAKEN] = { "mobile_taken", {
		"the number of somebody else",
		"অন্য কারও নম্বর",
		"किसी और का नंबर है" } },
	[RF_CONTRADICTS] = { "contradicts", {
		"not the same as in row {n}, which is about the same user",
		"{n} নম্বর সারিতে এই ইউজারেরই অন্য তথ্য আছে",
		"पंक्ति {n} में इसी यूज़र की जानकारी दूसरी है" } },
	[RF_FOREIGN] = { "foreign", {
		"this person belongs to another department too; an administrator changes names and mobile",
		"ইনি অন্য বিভাগেরও; নাম ও মোবাইল প্রশাসক বদলান",
		"ये दूसरे विभाग के भी हैं; नाम और मोबाइल प्रशासक बदलते हैं" } },
	[RF_CODE] = { "code", {
		"not a code of this department; write it as {value}",
		"এই বিভাগের কোড নয়; এই ভাবে লিখুন: {value}",
		"इस विभाग का कोड नहीं है; इस तरह लिखें: {value}" } },
	[RF_CODE_TWICE] = { "code_twice", {
		"the same code as in row {n}",
		"{n} নম্বর সারিতেও এই কোড আছে",
		"पंक्ति {n} में भी यही कोड है" } },
	[RF_CATEGORY] = { "category", {
		"there is no category \"{value}\" in this department",
		"এই বিভাগে \"{value}\" নামে কোনও শ্রেণি নেই",
		"इस विभाग में \"{value}\" नाम की कोई श्रेणी नहीं है" } },
	[RF_HOURS] = { "hours", {
		"a whole number of hours from 1 to 720",
		"1 থেকে 720-এর মধ্যে পূর্ণ ঘণ্টা",
		"1 से 720 के बीच पूरे घंटे" } },
	[RF_YESNO] = { "yesno", {
		"write yes or no",
		"yes বা no লিখুন",
		"yes या no लिखें" } },
	[RF_OPEN_MANY] = { "open_many", {
		"{n} open complaints would be routed anew, which is too many at once; let fewer people leave at a time, or ask the operator",
		"{n}টি খোলা অভিযোগ নতুন করে দিতে হবে, এক বারে এত চলে না; এক বারে কম লোক সরান, বা সিস্টেম পরিচালককে বলুন",
		"{n} खुली शिकायतें नए सिरे से सौंपनी होंगी, जो एक बार में बहुत हैं; एक बार में कम लोगों को हटाएँ, या सिस्टम संचालक से कहें" } },
	[RF_LAST_ADMIN] = { "last_admin", {
		"no administrator who can log in would be left; keep one who has a password in the list",
		"লগ ইন করতে পারেন এমন কোনও প্রশাসক থাকবেন না; যাঁর পাসওয়ার্ড আছে এমন এক জনকে তালিকায় রাখুন",
		"लॉग इन कर सकने वाला कोई प्रशासक नहीं बचेगा; जिसके पास पासवर्ड है ऐसे एक को सूची में रखें" } },
};
/* clang-format on */
_Static_assert(ARRAY_LEN(faults) == ROSTER_FAULT__COUNT, "a fault has no text");

const char *
roster_fault_code(enum roster_fault f)
{
	return faults[f].code;
}

/* As much of a cell as a reader needs to recognise it. */
static void
quote(struct buf *out, struct span value)
{
	size_t end = 0;

	for (int chars = 0; chars < SHOWN_CHARS && end < value.n; chars++)
		if (scan_utf8_next(value, &end) < 0)
			break;
	buf_add(out, value.p, end);
	if (end < value.n)
		buf_text(out, "…");
}

static void
fill(struct buf *out, const char *text, int64_t n, struct span value)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (strncmp(p, "{n}", 3) == 0) {
			buf_printf(out, "%lld", (long long)n);
			p += 2;
		} else if (strncmp(p, "{value}", 7) == 0) {
			quote(out, value);
			p += 6;
		} else {
			buf_char(out, *p);
		}
	}
}

void
roster_fault_text(const struct roster_error *e, enum lang lang, struct buf *out)
{
	fill(out, faults[e->fault].text[lang], e->n, e->value);
}

void
roster_open_text(int64_t open, enum lang lang, struct buf *out)
{
	static const char *const text[LANG__COUNT] = { [LANG_EN] = "leaves {n} open complaints, they will be routed anew",
						       [LANG_BN] = "{n}টি খোলা অভিযোগ রেখে যাচ্ছেন, সেগুলি নতুন করে দেওয়া হবে",
						       [LANG_HI] = "{n} खुली शिकायतें छोड़ रहे हैं, वे नए सिरे से सौंपी जाएँगी" };

	fill(out, text[lang], open, (struct span){ NULL, 0 });
}
