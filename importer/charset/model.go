package charset

import (
	"math"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A model says how likely letters beyond ASCII are in a language: which ones, and beside which others.
//
// The logarithms of the probability of a letter, of what stands before it, and of what stands behind it, are added up
// for all of a file's letters in all likely encodings and languages. What is likeliest so is likeliest to be right; how
// much likelier it is says how sure that is.
type model struct {
	index map[rune]int // of the letters that the language has, and of a to z, from firstLetter on
	alone []float32    // of letters beyond ASCII, by their index
	// beside is for what stands before, and behind, a letter beyond ASCII.
	before, behind [][]float32
	usual          []float32 // for what stands beside any other letter
	symbols        float32   // what share of what is beyond ASCII is no letter
	family         *model    // of all languages of the family; nil for itself
}

// What stands beside a letter: the places in a model's tables.
const (
	nothing     = iota // white space, punctuation, the end
	digit              // a digit
	stranger           // a letter that the language doesn't have
	firstLetter        // a, and from here on the others
)

const (
	// symbolShare is how many of the characters beyond ASCII are no letters, in most languages, and in English.
	symbolShare, symbolShareEnglish = 0.1, 0.6
	// strangers is how many of the letters are of other languages of the family, or unheard of.
	strangers, unheard = 0.02, 1e-6
	// doubt is how many more times each letter is taken to have been seen, where letters usually are.
	doubt = 3.0
)

func logarithm(p float64) float32 { return float32(math.Log(p)) }

// newModel makes a model of words, which are separated by spaces or hyphens. share is that of symbols.
func newModel(text string, share float64, family *model) *model {
	m := &model{index: map[rune]int{}, family: family}
	for r := 'a'; r <= 'z'; r++ {
		m.index[r] = firstLetter + int(r-'a')
	}
	words := strings.FieldsFunc(composed(strings.ToLower(text)),
		func(r rune) bool { return r == ' ' || r == '-' || r == '’' })
	for _, word := range words {
		for _, r := range word {
			if _, known := m.index[r]; !known {
				m.index[r] = firstLetter + len(m.index)
			}
		}
	}
	size := firstLetter + len(m.index)
	usual := make([]float64, size)
	counts, before, behind := make([]float64, size), tables(size), tables(size)
	all := 0.0
	for _, word := range words {
		last := nothing
		for _, r := range word + " " {
			i := m.index[r] // nothing for the space
			usual[i]++
			if last >= firstLetter+26 {
				behind[last][i]++
			}
			if i >= firstLetter+26 {
				counts[i]++
				all++
				before[i][last]++
			}
			last = i
		}
	}
	m.symbols = logarithm(share)
	sum := 0.0
	for i := range usual {
		if i == digit || i == stranger {
			usual[i] = float64(len(words)) / 200
		}
		usual[i] += 0.05 // none is impossible
		sum += usual[i]
	}
	m.usual, m.alone = make([]float32, size), make([]float32, size)
	m.before, m.behind = make([][]float32, size), make([][]float32, size)
	for i := range usual {
		usual[i] /= sum
		m.usual[i] = logarithm(usual[i])
	}
	for i := firstLetter + 26; i < size; i++ {
		m.alone[i] = logarithm((1 - share - strangers) * counts[i] / all)
		m.before[i], m.behind[i] = smooth(before[i], usual, counts[i]), smooth(behind[i], usual, counts[i])
	}
	return m
}

func tables(size int) [][]float64 {
	t := make([][]float64, size)
	for i := range t {
		t[i] = make([]float64, size)
	}
	return t
}

// smooth makes probabilities of counts.
func smooth(counts, usual []float64, all float64) []float32 {
	p := make([]float32, len(counts))
	for i, n := range counts {
		p[i] = logarithm((n + doubt*usual[i]) / (all + doubt))
	}
	return p
}

// composed writes text as Windows does: tones of Vietnamese are characters of their own, and Romanian has cedillas.
func composed(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch r {
		case 'ș':
			r = 'ş'
		case 'ț':
			r = 'ţ'
		}
		if r < '\u1e00' {
			b.WriteRune(r)
			continue
		}
		parts := []rune(norm.NFD.String(string(r)))
		tone := rune(0)
		for i, part := range parts {
			if len(parts) > 2 && strings.ContainsRune("\u0300\u0301\u0303\u0309\u0323", part) ||
				part == '\u0309' || part == '\u0323' {
				tone = part
				parts = append(parts[:i:i], parts[i+1:]...)
				break
			}
		}
		b.WriteString(norm.NFC.String(string(parts)))
		if tone != 0 {
			b.WriteRune(tone)
		}
	}
	return b.String()
}

// symbol says how likely a character is that is no letter, and what stands beside it: nothing, a digit, or a letter,
// which is stranger here.
type symbol struct {
	alone          float32
	before, behind [firstLetter]float32
}

func newSymbols() map[rune]*symbol {
	type count struct{ before, behind [firstLetter]float64 }
	counts, all := map[rune]*count{}, 0.0
	kind := func(r rune) int {
		switch {
		case unicode.IsLetter(r):
			return stranger
		case r >= '0' && r <= '9':
			return digit
		}
		return nothing
	}
	text := []rune(" " + symbols + " ")
	for i, r := range text {
		if r < utf8.RuneSelf {
			continue
		}
		if counts[r] == nil {
			counts[r] = &count{}
		}
		counts[r].before[kind(text[i-1])]++
		counts[r].behind[kind(text[i+1])]++
		all++
	}
	found := map[rune]*symbol{}
	for r, n := range counts {
		seen := n.before[nothing] + n.before[digit] + n.before[stranger]
		s := &symbol{alone: logarithm(seen / all)}
		for k := range firstLetter {
			share := 1.0
			if k == stranger {
				share = 26 // letters that it may be
			}
			s.before[k] = logarithm((n.before[k] + 0.03) / (seen + 0.09) / share)
			s.behind[k] = logarithm((n.behind[k] + 0.03) / (seen + 0.09) / share)
		}
		found[r] = s
	}
	return found
}

// hypothesis is an encoding with the languages that are written in it.
type hypothesis struct {
	encoding Encoding
	models   []*model
	// prior is how much less likely it is than Windows1252, before anything is seen.
	prior float32
	// rows: words have several letters beyond ASCII in a row. A single byte is more likely damage than such a word.
	rows bool
}

// knowledgeOfLanguages is made when it is needed first: in a file that isn't UTF-8.
var knowledgeOfLanguages = sync.OnceValue(newLanguages)

func newLanguages() *languages {
	family := func(texts ...string) []*model {
		if len(texts) == 1 {
			return []*model{newModel(texts[0], symbolShare, nil)}
		}
		all := newModel(strings.Join(texts, " "), symbolShare, nil)
		models := []*model{all}
		for _, text := range texts {
			models = append(models, newModel(text, symbolShare, all))
		}
		return models
	}
	western := family(german, french, spanish, portuguese, italian, dutch, danish, swedish, finnish, catalan)
	western = append(western, newModel(english, symbolShareEnglish, western[0]))
	central := family(polish, czech, slovak, hungarian, romanian, croatian, slovene, albanian, german, english)
	turkic := family(turkish, german, french, english)
	baltic := family(lithuanian, latvian, german, english)
	cyrillic := family(russian, ukrainian, bulgarian, english)
	hellenic := family(greek, english)
	hypotheses := []hypothesis{
		{Windows1252, western, 0, false}, {Windows1252, family(icelandic), 1.5, false},
		{ISO8859_15, western, 2, false}, {Macintosh, western, 3, false}, {IBM850, western, 3.5, false},
		{Windows1250, central, 0.5, false}, {ISO8859_2, central, 2, false}, {IBM852, central, 3.5, false},
		{Windows1254, turkic, 0.5, false}, {Windows1258, family(vietnamese), 3, false},
		{Windows1257, baltic, 0.5, false}, {Windows1257, family(estonian), 2.5, false},
		{Windows1251, cyrillic, 0.5, true}, {KOI8R, cyrillic, 2, true}, {KOI8U, cyrillic, 2.5, true},
		{MacCyrillic, cyrillic, 2, true}, {IBM866, cyrillic, 3, true}, {ISO8859_5, cyrillic, 2.5, true},
		{Windows1253, hellenic, 0.5, true}, {ISO8859_7, hellenic, 2, true}, {Windows1255, family(hebrew), 3, true},
		{Windows1256, family(arabic), 3, true}, {Windows874, family(thai), 3, true},
	}
	return &languages{newSymbols(), hypotheses}
}

type languages struct {
	symbols    map[rune]*symbol
	hypotheses []hypothesis
}
