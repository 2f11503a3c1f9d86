/* What problems and field errors say, in English, Bengali and Hindi. */
#include "http/problem.h"

/* clang-format off */
const struct problem_text problems[STATUS__COUNT] = {
	[E_OK] = { "ok", 200, { "OK", "OK", "OK" }, { "", "", "" } },
	[E_MALFORMED] = { "malformed", 400, { "The request cannot be read", "অনুরোধটি পড়া গেল না", "अनुरोध पढ़ा नहीं जा सका" }, {
		"The request could not be read; please reload the page and try again.",
		"অনুরোধটি পড়া গেল না; পাতাটি আবার খুলে চেষ্টা করুন।",
		"अनुरोध पढ़ा नहीं जा सका; कृपया पृष्ठ फिर से खोलकर प्रयास करें।" } },
	[E_INVALID] = { "invalid", 422, { "Please correct the entries", "লেখাগুলি ঠিক করে নিন", "कृपया प्रविष्टियाँ सुधारें" }, {
		"Some entries are missing or not right; please correct them and send again.",
		"কয়েকটি তথ্য বাদ পড়েছে বা ঠিক নেই; শুধরে নিয়ে আবার পাঠান।",
		"कुछ जानकारी छूट गई है या सही नहीं है; कृपया सुधारकर फिर भेजें।" } },
	[E_MISTYPED] = { "mistyped", 422, { "Number mistyped", "নম্বর লিখতে ভুল হয়েছে", "नंबर लिखने में गलती" }, {
		"This complaint number has a typing mistake; please compare it with your SMS and enter it again.",
		"অভিযোগ নম্বরটি লিখতে ভুল হয়েছে; এসএমএস-এর সঙ্গে মিলিয়ে আবার লিখুন।",
		"शिकायत नंबर लिखने में गलती हुई है; कृपया एसएमएस से मिलाकर फिर लिखें।" } },
	[E_OUTSIDE_KOLKATA] = { "outside_kolkata", 422, { "Outside Kolkata", "কলকাতার বাইরে", "कोलकाता के बाहर" }, {
		"This place lies outside the area of the Kolkata Municipal Corporation; please choose a place or a ward inside it.",
		"জায়গাটি কলকাতা পুরসভার এলাকার বাইরে; এলাকার ভিতরের কোনও জায়গা বা ওয়ার্ড বেছে নিন।",
		"यह स्थान कोलकाता नगर निगम क्षेत्र के बाहर है; कृपया क्षेत्र के भीतर का स्थान या वार्ड चुनें।" } },
	[E_TOO_LARGE] = { "too_large", 413, { "Too large", "খুব বড়", "बहुत बड़ा" }, {
		"What you sent is too large; please shorten the text or send a smaller file.",
		"যা পাঠিয়েছেন তা খুব বড়; লেখা ছোট করুন বা ছোট ফাইল পাঠান।",
		"भेजी गई सामग्री बहुत बड़ी है; कृपया पाठ छोटा करें या छोटी फ़ाइल भेजें।" } },
	[E_MEDIA_TYPE] = { "unsupported_media_type", 415, { "Wrong kind of content", "বিষয়বস্তুর ধরন ঠিক নয়", "सामग्री का प्रकार सही नहीं" }, {
		"This kind of content is not accepted here; please send JSON in UTF-8.",
		"এই ধরনের তথ্য এখানে নেওয়া হয় না; UTF-8-এ JSON পাঠান।",
		"इस प्रकार की सामग्री यहाँ स्वीकार नहीं है; कृपया UTF-8 में JSON भेजें।" } },
	[E_KEY_REUSED] = { "key_reused", 422, { "Key used for another request", "অন্য অনুরোধে ব্যবহৃত কী", "कुंजी दूसरे अनुरोध में प्रयुक्त" }, {
		"This idempotency key was used for another request; please send this one with a new key.",
		"এই Idempotency-Key আগে অন্য অনুরোধে ব্যবহার হয়েছে; নতুন কি দিয়ে আবার পাঠান।",
		"यह Idempotency-Key किसी दूसरे अनुरोध में लग चुकी है; कृपया नई कुंजी के साथ फिर भेजें।" } },
	[E_UNAUTHENTICATED] = { "unauthenticated", 401, { "Please log in", "লগ ইন করুন", "कृपया लॉग इन करें" }, {
		"Please log in first, then try again.",
		"প্রথমে লগ ইন করুন, তার পরে আবার চেষ্টা করুন।",
		"कृपया पहले लॉग इन करें, फिर प्रयास करें।" } },
	[E_OTP_WRONG] = { "otp_wrong", 401, { "Wrong OTP", "ভুল ওটিপি", "गलत ओटीपी" }, {
		"This OTP is not right; please enter the six digits of the last SMS.",
		"OTP ঠিক নয়; শেষ এসএমএস-এ পাওয়া ছয়টি সংখ্যা লিখুন।",
		"यह OTP सही नहीं है; कृपया अंतिम एसएमएस में मिले छह अंक लिखें।" } },
	[E_OTP_SPENT] = { "otp_spent", 401, { "OTP no longer valid", "ওটিপি আর চলবে না", "ओटीपी अब मान्य नहीं" }, {
		"This OTP is no longer valid; please ask for a new one.",
		"এই OTP-র মেয়াদ আর নেই; নতুন OTP চেয়ে নিন।",
		"यह OTP अब मान्य नहीं है; कृपया नया OTP मँगाएँ।" } },
	[E_LOGIN_WRONG] = { "login_wrong", 401, { "Login failed", "লগ ইন হয়নি", "लॉग इन नहीं हुआ" }, {
		"User name or password is not right; please check both and try again.",
		"ইউজার নেম বা পাসওয়ার্ড ঠিক নয়; দু'টিই মিলিয়ে আবার চেষ্টা করুন।",
		"यूज़र नाम या पासवर्ड सही नहीं है; कृपया दोनों जाँचकर फिर प्रयास करें।" } },
	[E_TOTP_NEEDED] = { "totp_needed", 401, { "Code needed", "কোড দরকার", "कोड चाहिए" }, {
		"Please enter the six digits that your authenticator app shows now, too.",
		"অথেন্টিকেটর অ্যাপে এখন যে ছয়টি সংখ্যা দেখাচ্ছে, তা-ও লিখুন।",
		"कृपया ऑथेंटिकेटर ऐप में अभी दिख रहे छह अंक भी लिखें।" } },
	[E_LINK_SPENT] = { "link_spent", 410, { "Link no longer valid", "লিঙ্কটি আর চলবে না", "लिंक अब मान्य नहीं" }, {
		"This link is not valid or no longer valid; please use the one in the last SMS, or log in with your mobile number.",
		"এই লিঙ্কটি ঠিক নয় বা এর মেয়াদ আর নেই; শেষ এসএমএস-এর লিঙ্কটি খুলুন বা মোবাইল নম্বর দিয়ে লগ ইন করুন।",
		"यह लिंक सही नहीं है या अब मान्य नहीं; कृपया अंतिम एसएमएस का लिंक खोलें या मोबाइल नंबर से लॉग इन करें।" } },
	[E_FORBIDDEN] = { "forbidden", 403, { "Not allowed", "অনুমতি নেই", "अनुमति नहीं" }, {
		"You are not allowed to do this; if you think you should be, please contact the complaint cell.",
		"এই কাজের অনুমতি আপনার নেই; থাকা উচিত মনে করলে অভিযোগ সেলে যোগাযোগ করুন।",
		"आपको यह करने की अनुमति नहीं है; यदि होनी चाहिए तो कृपया शिकायत प्रकोष्ठ से संपर्क करें।" } },
	[E_CSRF] = { "csrf", 403, { "Please reload the page", "পাতাটি আবার খুলুন", "कृपया पृष्ठ फिर से खोलें" }, {
		"For your safety this could not be accepted; please reload the page and try again.",
		"আপনার সুরক্ষার জন্য অনুরোধটি নেওয়া গেল না; পাতাটি আবার খুলে চেষ্টা করুন।",
		"आपकी सुरक्षा के लिए यह अनुरोध स्वीकार नहीं हुआ; कृपया पृष्ठ फिर से खोलकर प्रयास करें।" } },
	[E_PASSWORD_CHANGE] = { "password_change", 403, { "Change your password first", "আগে পাসওয়ার্ড বদলান", "पहले पासवर्ड बदलें" }, {
		"This password was given to you by somebody else; please choose one of your own before you go on.",
		"এই পাসওয়ার্ডটি অন্য কেউ আপনাকে দিয়েছেন; কাজ শুরুর আগে নিজের একটি পাসওয়ার্ড দিন।",
		"यह पासवर्ड आपको किसी और ने दिया है; आगे बढ़ने से पहले कृपया अपना पासवर्ड चुनें।" } },
	[E_NOT_FOUND] = { "not_found", 404, { "Nothing found", "কিছু পাওয়া যায়নি", "कुछ नहीं मिला" }, {
		"We found nothing under this number; please check it and try again.",
		"এই নম্বরে কিছু পাওয়া গেল না; নম্বরটি মিলিয়ে দেখে আবার চেষ্টা করুন।",
		"इस नंबर पर कुछ नहीं मिला; कृपया नंबर जाँचकर फिर प्रयास करें।" } },
	[E_NO_ROUTE] = { "no_route", 404, { "No such address", "এই ঠিকানা নেই", "ऐसा कोई पता नहीं" }, {
		"This address does not exist; please start again from the home page.",
		"এই ঠিকানায় কিছু নেই; প্রথম পাতা থেকে আবার শুরু করুন।",
		"यह पता मौजूद नहीं है; कृपया मुख्य पृष्ठ से फिर शुरू करें।" } },
	[E_METHOD] = { "method_not_allowed", 405, { "Method not allowed", "এই পদ্ধতি চলবে না", "यह विधि मान्य नहीं" }, {
		"This address does not accept such a request; please use the methods named in the Allow header.",
		"এই ঠিকানায় এমন অনুরোধ চলে না; Allow হেডারে লেখা পদ্ধতি ব্যবহার করুন।",
		"यह पता ऐसा अनुरोध नहीं लेता; कृपया Allow हेडर में लिखी विधि का प्रयोग करें।" } },
	[E_OTHER_SYSTEM] = { "other_system", 404, { "Kept in the other system", "অন্য ব্যবস্থায় রাখা আছে", "दूसरी प्रणाली में दर्ज" }, {
		"This complaint is kept in the other complaint system; please follow the link given with this answer.",
		"এই অভিযোগটি অন্য অভিযোগ ব্যবস্থায় আছে; সঙ্গে দেওয়া লিঙ্কে দেখুন।",
		"यह शिकायत दूसरी शिकायत प्रणाली में है; कृपया साथ दिए गए लिंक पर देखें।" } },
	[E_STALE] = { "changed_meanwhile", 409, { "Changed in the meantime", "ইতিমধ্যে বদলে গেছে", "इस बीच बदल गया" }, {
		"Someone else has just changed this; please look at it again and repeat your action if it is still needed.",
		"এইমাত্র অন্য কেউ এটি বদলেছেন; আবার দেখে নিয়ে দরকার হলে কাজটি ফের করুন।",
		"इसे अभी-अभी किसी और ने बदला है; कृपया फिर से देखें और आवश्यक हो तो दोबारा करें।" } },
	[E_ILLEGAL_MOVE] = { "illegal_move", 409, { "Not possible now", "এখন সম্ভব নয়", "अभी संभव नहीं" }, {
		"This cannot be done in the present state of the complaint; please choose one of the actions offered.",
		"অভিযোগটির এখন যা অবস্থা, তাতে এটি করা যাবে না; যে কাজগুলি দেখানো আছে তার একটি বেছে নিন।",
		"शिकायत की वर्तमान स्थिति में यह नहीं हो सकता; कृपया दिखाए गए विकल्पों में से एक चुनें।" } },
	[E_STILL_RUNNING] = { "still_running", 409, { "Still being processed", "এখনও কাজ চলছে", "अभी प्रक्रिया जारी है" }, {
		"The same request is still being processed; please wait a few seconds and try again.",
		"একই অনুরোধের কাজ এখনও চলছে; কয়েক সেকেন্ড পরে আবার চেষ্টা করুন।",
		"यही अनुरोध अभी पूरा हो रहा है; कृपया कुछ सेकंड बाद फिर प्रयास करें।" } },
	[E_TOTP_STATE] = { "totp_state", 409, { "Not possible now", "এখন সম্ভব নয়", "अभी संभव नहीं" }, {
		"Your authenticator app is set up already, or was not begun yet; please look at your account and choose what fits.",
		"অথেন্টিকেটর অ্যাপ আগেই চালু আছে, বা এখনও শুরু করা হয়নি; নিজের অ্যাকাউন্ট দেখে ঠিক কাজটি বেছে নিন।",
		"ऑथेंटिकेटर ऐप पहले से चालू है या अभी शुरू नहीं किया गया; कृपया अपना खाता देखकर सही विकल्प चुनें।" } },
	[E_HOLDS_WORK] = { "holds_complaints", 409, { "Holds open complaints", "হাতে খোলা অভিযোগ আছে", "खुली शिकायतें बाकी हैं" }, {
		"This person still holds open complaints; please take them off the roster first, so that the complaints go to somebody else.",
		"এঁর হাতে এখনও খোলা অভিযোগ আছে; আগে রোস্টার থেকে সরান, যাতে অভিযোগগুলি অন্য কারও কাছে যায়।",
		"इनके पास अभी खुली शिकायतें हैं; कृपया पहले रोस्टर से हटाएँ, ताकि शिकायतें किसी और को मिलें।" } },
	[E_LAST_ADMIN] = { "last_admin", 409, { "The last administrator", "শেষ প্রশাসক", "अंतिम प्रशासक" }, {
		"This is the last active administrator; please make somebody else one first.",
		"ইনিই শেষ সক্রিয় প্রশাসক; আগে অন্য কাউকে প্রশাসক করুন।",
		"ये अंतिम सक्रिय प्रशासक हैं; कृपया पहले किसी और को प्रशासक बनाएँ।" } },
	[E_CONFIRM] = { "confirm_needed", 409, { "Please confirm", "নিশ্চিত করুন", "कृपया पुष्टि करें" }, {
		"People of this list leave open complaints behind, or a department would be left without anybody; please look at the report and confirm.",
		"এই তালিকায় কারও হাতে খোলা অভিযোগ থেকে যাচ্ছে, বা কোনও বিভাগে কেউ থাকছেন না; বিবরণ দেখে নিশ্চিত করুন।",
		"इस सूची से किसी की खुली शिकायतें छूट रही हैं, या किसी विभाग में कोई नहीं बचता; कृपया विवरण देखकर पुष्टि करें।" } },
	[E_RATE] = { "rate_limited", 429, { "Too many requests", "অনেক বেশি অনুরোধ", "बहुत अधिक अनुरोध" }, {
		"There were too many requests from your side; please wait a little and try again.",
		"আপনার দিক থেকে অল্প সময়ে অনেক অনুরোধ এসেছে; একটু পরে আবার চেষ্টা করুন।",
		"आपकी ओर से बहुत अधिक अनुरोध आए हैं; कृपया थोड़ी देर बाद फिर प्रयास करें।" } },
	[E_OTP_LIMIT] = { "otp_limit", 429, { "Too many OTPs", "অনেক বেশি ওটিপি", "बहुत अधिक ओटीपी" }, {
		"Too many OTPs were asked for; please use the last one you received or try again later.",
		"অনেক বার OTP চাওয়া হয়েছে; শেষ পাওয়া OTP-টি ব্যবহার করুন বা কিছু পরে আবার চেষ্টা করুন।",
		"बहुत बार OTP माँगा गया है; कृपया अंतिम मिला OTP डालें या कुछ देर बाद प्रयास करें।" } },
	[E_LEGACY_DOWN] = { "legacy_down", 503, { "Old system not answering", "পুরোনো ব্যবস্থা সাড়া দিচ্ছে না", "पुरानी प्रणाली उत्तर नहीं दे रही" }, {
		"The old complaint system (eKMC1.0) is not answering just now; please try again later or use its own page.",
		"পুরনো অভিযোগ ব্যবস্থা (eKMC1.0) এখন সাড়া দিচ্ছে না; কিছু পরে চেষ্টা করুন বা তার নিজের পাতায় দেখুন।",
		"पुरानी शिकायत प्रणाली (eKMC1.0) अभी उत्तर नहीं दे रही; कृपया कुछ देर बाद प्रयास करें या उसके अपने पृष्ठ पर देखें।" } },
	[E_BUSY] = { "unavailable", 503, { "Not available just now", "এই মুহূর্তে পাওয়া যাচ্ছে না", "अभी उपलब्ध नहीं" }, {
		"The service is not available just now; please try again in a few minutes.",
		"পরিষেবাটি এখন পাওয়া যাচ্ছে না; কয়েক মিনিট পরে আবার চেষ্টা করুন।",
		"सेवा अभी उपलब्ध नहीं है; कृपया कुछ मिनट बाद फिर प्रयास करें।" } },
	[E_CONFLICT] = { "unavailable", 503, { "Not available just now", "এই মুহূর্তে পাওয়া যাচ্ছে না", "अभी उपलब्ध नहीं" }, {
		"The service is not available just now; please try again in a few minutes.",
		"পরিষেবাটি এখন পাওয়া যাচ্ছে না; কয়েক মিনিট পরে আবার চেষ্টা করুন।",
		"सेवा अभी उपलब्ध नहीं है; कृपया कुछ मिनट बाद फिर प्रयास करें।" } },
	[E_UNKNOWN] = { "unavailable", 503, { "Not available just now", "এই মুহূর্তে পাওয়া যাচ্ছে না", "अभी उपलब्ध नहीं" }, {
		"The service is not available just now; please try again in a few minutes.",
		"পরিষেবাটি এখন পাওয়া যাচ্ছে না; কয়েক মিনিট পরে আবার চেষ্টা করুন।",
		"सेवा अभी उपलब्ध नहीं है; कृपया कुछ मिनट बाद फिर प्रयास करें।" } },
	[E_NOMEM] = { "unavailable", 503, { "Not available just now", "এই মুহূর্তে পাওয়া যাচ্ছে না", "अभी उपलब्ध नहीं" }, {
		"The service is not available just now; please try again in a few minutes.",
		"পরিষেবাটি এখন পাওয়া যাচ্ছে না; কয়েক মিনিট পরে আবার চেষ্টা করুন।",
		"सेवा अभी उपलब्ध नहीं है; कृपया कुछ मिनट बाद फिर प्रयास करें।" } },
	[E_INTERNAL] = { "internal", 500, { "A fault on our side", "আমাদের দিকে ত্রুটি", "हमारी ओर से त्रुटि" }, {
		"Something went wrong on our side; please try again, and if it happens again tell us the request number shown.",
		"আমাদের দিকে একটি ত্রুটি হয়েছে; আবার চেষ্টা করুন, ফের হলে দেখানো অনুরোধ নম্বরটি আমাদের জানান।",
		"हमारी ओर से कोई त्रुटि हुई है; कृपया फिर प्रयास करें, दोबारा हो तो दिखाया गया अनुरोध नंबर हमें बताएँ।" } },
};

const struct field_text field_texts[FIELD_CODE__COUNT] = {
	[FE_REQUIRED] = { "required", {
		"Please fill this in.",
		"এটি পূরণ করুন।",
		"कृपया इसे भरें।" } },
	[FE_UNKNOWN_KEY] = { "unknown_key", {
		"This field is not known here; please leave it out.",
		"এই ঘরটি এখানে চলে না; এটি বাদ দিন।",
		"यह फ़ील्ड यहाँ मान्य नहीं है; कृपया इसे हटा दें।" } },
	[FE_DUPLICATE_KEY] = { "duplicate_key", {
		"This field was given twice; please give it once.",
		"এই ঘরটি দু'বার দেওয়া হয়েছে; এক বার দিন।",
		"यह फ़ील्ड दो बार दी गई है; कृपया एक बार दें।" } },
	[FE_TYPE] = { "type", {
		"This is not the kind of value needed; please give {expected}.",
		"এখানে অন্য ধরনের তথ্য দরকার; এই ধরনের তথ্য দিন: {expected}।",
		"यहाँ दूसरे प्रकार की जानकारी चाहिए; कृपया इस प्रकार की दें: {expected}।" } },
	[FE_TOO_SHORT] = { "too_short", {
		"This is too short; please write at least {min} characters.",
		"লেখাটি খুব ছোট; অন্তত {min}টি অক্ষর লিখুন।",
		"यह बहुत छोटा है; कृपया कम से कम {min} अक्षर लिखें।" } },
	[FE_TOO_LONG] = { "too_long", {
		"This is too long; please write at most {max} characters.",
		"লেখাটি খুব বড়; {max}টি অক্ষরের মধ্যে লিখুন।",
		"यह बहुत लंबा है; कृपया अधिक से अधिक {max} अक्षर लिखें।" } },
	[FE_RANGE] = { "range", {
		"Please give a number from {min} to {max}.",
		"{min} থেকে {max}-এর মধ্যে একটি সংখ্যা দিন।",
		"कृपया {min} से {max} के बीच की संख्या दें।" } },
	[FE_FORMAT] = { "format", {
		"This is not written as needed; please write it as {expected}.",
		"লেখার ধরন ঠিক হয়নি; এই ভাবে লিখুন: {expected}।",
		"लिखने का ढंग सही नहीं है; कृपया इस तरह लिखें: {expected}।" } },
	[FE_NOT_FOUND] = { "not_found", {
		"We do not have this; please choose one from the list.",
		"এটি আমাদের তালিকায় নেই; তালিকা থেকে একটি বেছে নিন।",
		"यह हमारी सूची में नहीं है; कृपया सूची में से एक चुनें।" } },
	[FE_MISMATCH] = { "mismatch", {
		"This does not fit the other entries; please check them together.",
		"এটি অন্য তথ্যের সঙ্গে মিলছে না; সব একসঙ্গে মিলিয়ে দেখুন।",
		"यह बाकी जानकारी से मेल नहीं खाता; कृपया सब मिलाकर जाँचें।" } },
	[FE_MISTYPED] = { "mistyped", {
		"This number has a typing mistake; please compare it with your SMS.",
		"নম্বরটি লিখতে ভুল হয়েছে; এসএমএস-এর সঙ্গে মিলিয়ে দেখুন।",
		"नंबर लिखने में गलती हुई है; कृपया एसएमएस से मिलाएँ।" } },
	[FE_OUTSIDE_KOLKATA] = { "outside_kolkata", {
		"This place lies outside the Corporation's area; please choose a place or a ward inside it.",
		"জায়গাটি কলকাতা পুরসভার এলাকার বাইরে; এলাকার ভিতরের জায়গা বা ওয়ার্ড বেছে নিন।",
		"यह स्थान कोलकाता नगर निगम क्षेत्र के बाहर है; कृपया भीतर का स्थान या वार्ड चुनें।" } },
	[FE_CHOOSE_WARD] = { "choose_ward", {
		"We cannot tell the ward of this place; please choose the ward yourself.",
		"এই জায়গাটি কোন ওয়ার্ডে তা বোঝা গেল না; ওয়ার্ডটি নিজে বেছে নিন।",
		"यह स्थान किस वार्ड में है, पता नहीं चला; कृपया वार्ड स्वयं चुनें।" } },
	[FE_EXPIRED] = { "expired", {
		"The time for this is over; please start again.",
		"এর সময় পেরিয়ে গিয়েছে; আবার শুরু করুন।",
		"इसका समय बीत चुका है; कृपया फिर से शुरू करें।" } },
	[FE_WRONG] = { "wrong", {
		"This is not right; please check it and enter it again.",
		"এটি ঠিক নয়; মিলিয়ে দেখে আবার লিখুন।",
		"यह सही नहीं है; कृपया जाँचकर फिर लिखें।" } },
	[FE_TOO_MANY] = { "too_many", {
		"There are too many; at most {max} are possible.",
		"সংখ্যায় বেশি হয়ে গিয়েছে; {max}টির বেশি দেওয়া যায় না।",
		"संख्या अधिक है; अधिक से अधिक {max} दिए जा सकते हैं।" } },
	[FE_FILE_KIND] = { "file_kind", {
		"This kind of file is not accepted; please send a photo (JPEG, PNG, WebP, HEIC) or a PDF.",
		"এই ধরনের ফাইল নেওয়া হয় না; ছবি (JPEG, PNG, WebP, HEIC) বা PDF পাঠান।",
		"इस प्रकार की फ़ाइल स्वीकार नहीं है; कृपया फ़ोटो (JPEG, PNG, WebP, HEIC) या PDF भेजें।" } },
	[FE_DAMAGED] = { "damaged", {
		"This file cannot be opened, it seems to be damaged; please send it again or choose another one.",
		"ফাইলটি খোলা গেল না, সম্ভবত নষ্ট হয়ে গিয়েছে; আবার পাঠান বা অন্য ফাইল বেছে নিন।",
		"यह फ़ाइल खुल नहीं सकी, शायद ख़राब है; कृपया फिर भेजें या दूसरी फ़ाइल चुनें।" } },
	[FE_PIXELS] = { "too_many_pixels", {
		"This picture is too large; please send one of at most 40 megapixels.",
		"ছবিটি খুব বড়; ৪০ মেগাপিক্সেলের মধ্যে একটি ছবি পাঠান।",
		"यह चित्र बहुत बड़ा है; कृपया अधिक से अधिक 40 मेगापिक्सेल का चित्र भेजें।" } },
	[FE_TAKEN] = { "taken", {
		"Somebody has this already; please choose another.",
		"এটি আগেই অন্য কেউ নিয়েছেন; অন্য একটি বেছে নিন।",
		"यह पहले से किसी और का है; कृपया दूसरा चुनें।" } },
	[FE_TOO_EASY] = { "too_easy", {
		"This is too easy to guess; please choose another, such as four words that do not belong together.",
		"এটি সহজেই আন্দাজ করা যায়; অন্য কিছু দিন, যেমন চারটি সম্পর্কহীন শব্দ।",
		"इसका अनुमान लगाना बहुत आसान है; कृपया दूसरा चुनें, जैसे चार बेमेल शब्द।" } },
	[FE_UNCHANGED] = { "unchanged", {
		"This is the same as before; please choose another.",
		"এটি আগেরটির মতোই; অন্য একটি দিন।",
		"यह पहले जैसा ही है; कृपया दूसरा चुनें।" } },
	[FE_CLOSED] = { "closed", {
		"This complaint is no longer open; please lodge yours as a new one.",
		"এই অভিযোগটি আর খোলা নেই; আপনারটি নতুন অভিযোগ হিসেবে জানান।",
		"यह शिकायत अब खुली नहीं है; कृपया अपनी शिकायत नई दर्ज करें।" } },
	[FE_OWN] = { "own", {
		"This complaint is your own already; you will hear of every step of it.",
		"এই অভিযোগটি আপনারই; এর প্রতিটি ধাপের খবর আপনি পাবেন।",
		"यह शिकायत आपकी ही है; इसके हर चरण की सूचना आपको मिलेगी।" } },
};
/* clang-format on */
