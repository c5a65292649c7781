package spelling

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// currencySigns are the signs and words of currencies, each with the codes of ISO 4217 that it may stand for. Their
// case counts: Ft are forints, and ft feet.
var currencySigns = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(`EUR: € euro Euro EURO euros Euros eur Eur
USD: US$ usd dollars Dollars
USD CAD AUD NZD MXN ARS CLP COP UYU HKD SGD TWD BRL: $ ＄
BRL: R$ r$ reais
CAD: C$ CA$ CAN$
AUD: A$ AU$
NZD: NZ$
HKD: HK$
SGD: S$
MXN: MX$ Mex$
TWD: NT$
COP: COL$
UYU: $U
GBP EGP LBP: £ ￡
GBP: gbp GB£
JPY CNY: ¥ ￥
JPY: 円 JP¥
CNY: 元 CN¥ RMB
CHF: Fr. fr. Fr fr FR. SFr. sFr. SFr sfr. chf
SEK NOK DKK ISK: kr kr. Kr Kr. KR
PLN: zł ZŁ Zł zl
CZK: Kč kč KČ Kc
HUF: Ft
RON: lei Lei LEI leu
BGN: лв лв. lv lv.
RUB: ₽ руб руб. р. р
UAH: ₴ грн грн.
TRY: ₺ TL
INR: ₹
INR PKR LKR NPR MUR: Rs Rs. rs. ₨
KRW: ₩ 원
THB: ฿
VND: ₫ đ
ILS: ₪
PHP: ₱
NGN: ₦
KZT: ₸
GEL: ₾
AZN: ₼
GHS: ₵
CRC: ₡
PYG: ₲
ZAR: R
MYR: RM
IDR: Rp Rp.
PEN: S/ S/.
BOB: Bs Bs.
RSD: din din. дин дин.
`) {
		codes, words, _ := strings.Cut(line, ":")
		for _, word := range strings.Fields(words) {
			m[word] = codes
		}
	}
	return m
})

// currencyCodes are those of ISO 4217.
const currencyCodes = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN " +
	"BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF " +
	"GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR " +
	"LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP " +
	"PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP " +
	"TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"

// currency returns the codes that a sign or a code may stand for, separated by spaces; "" for anything else. Codes are
// in upper case, since some are words: TOP, ALL, CUP.
func currency(s string) (codes string) {
	if len(s) == 3 && 'A' <= s[0] && s[0] <= 'Z' {
		if i := strings.Index(currencyCodes, s); i >= 0 && i%4 == 0 {
			return currencyCodes[i : i+3]
		}
	}
	if s == "" || len(s) > 12 {
		return ""
	}
	return currencySigns()[s]
}

// common returns the codes that are in both lists.
func common(a, b string) string {
	if a == b {
		return a
	}
	var both []string
	for _, code := range strings.Fields(a) {
		if hasCode(b, code) {
			both = append(both, code)
		}
	}
	return strings.Join(both, " ")
}

func hasCode(codes, code string) bool { return strings.Contains(codes, code) }

// within tells whether all codes of a list are in another.
func within(codes, all string) bool {
	for i := 0; i+3 <= len(codes); i += 4 {
		if !hasCode(all, codes[i:i+3]) {
			return false
		}
	}
	return true
}

// currencies are the currencies that stand in a column, each with where it stands first. There are no more of them than
// the tables have.
type currencies []sighting

// sighting is where something was first seen: the cell, or the column's name, as it stands there.
type sighting struct {
	codes string // of the currency
	text  string
	line  int64 // 0 for the column's name
}

// add notes a currency.
func (c *currencies) add(codes, text string, line int64) {
	for i := range *c {
		if have := &(*c)[i]; have.codes == codes {
			if line < have.line {
				have.text, have.line = strings.Clone(text), line
			}
			return
		}
	}
	*c = append(*c, sighting{codes, strings.Clone(text), line})
}

// name is what the currency with these codes is called: by its code, or by the first sign of several that have them.
func (c currencies) name(codes string) string {
	var first *sighting
	for i := range c {
		if s := &c[i]; len(codes) > len("EUR") && s.codes == codes && (first == nil || s.line < first.line) {
			first = s
		}
	}
	if first == nil {
		return codes
	}
	return first.text
}

// decide returns the codes of the one currency that all may be. If there is none, clash has those that rule each other
// out.
func (c currencies) decide() (codes string, clash []sighting) {
	seen := slices.Clone(c)
	slices.SortFunc(seen, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.codes, b.codes))
	})
	for i, s := range seen {
		if i == 0 {
			codes, clash = s.codes, append(clash, s)
			continue
		}
		both := common(codes, s.codes)
		if len(both) == len(codes) {
			continue
		}
		if clash = append(clash, s); both == "" {
			return "", clash
		}
		codes = both
	}
	return codes, nil
}
