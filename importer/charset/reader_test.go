package charset

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

func encode(t testing.TB, e encoding.Encoding, text string) string {
	encoded, err := e.NewEncoder().String(text)
	require.NoError(t, err)
	return encoded
}

// readText reads a file as Run does, in reads of every kind.
func readText(t testing.TB, file string, want Encoding) (text string, found Detected, err error) {
	for i, r := range []io.Reader{strings.NewReader(file), iotest.HalfReader(strings.NewReader(file)),
		iotest.DataErrReader(strings.NewReader(file))} {
		in, failed := NewReader(r, want)
		if failed != nil {
			return "", found, failed
		}
		all, failed := io.ReadAll(in)
		var question *QuestionError
		if errors.As(failed, &question) {
			return "", in.Detected(), failed
		}
		require.NoError(t, failed)
		if i > 0 {
			require.Equal(t, text, string(all), "whatever the reads")
			require.Equal(t, found, in.Detected())
		}
		text, found = string(all), in.Detected()
		require.EqualValues(t, len(text)+markLength(file, found.Encoding), in.Offset())
	}
	return text, found, nil
}

// markLength is the length of the mark that counts for the offset.
func markLength(file string, found Encoding) int {
	if found == UTF8 && strings.HasPrefix(file, "\ufeff") {
		return 3
	}
	return 0
}

func TestEncodingNames(t *testing.T) {
	names := Names()
	require.Len(t, names, int(encodings))
	for e := range encodings {
		for _, name := range append(strings.Fields(known[e].aliases), e.String()) {
			for _, name := range []string{name, strings.ToUpper(name), strings.ReplaceAll(name, "-", "_")} {
				got, err := Parse(name)
				require.NoError(t, err)
				require.Equal(t, e, got, name)
			}
		}
		text, err := e.MarshalText()
		require.NoError(t, err)
		require.Equal(t, names[e], string(text))
		require.True(t, e.Valid())
	}
	for name, want := range map[string]Encoding{
		"cp1252": Windows1252, "ansi": Windows1252, "latin1": ISO8859_1, "latin-1": ISO8859_1, "utf8": UTF8,
		"CP1250": Windows1250, "win-1251": Windows1251, "windows1257": Windows1257, "x-cp1254": Windows1254,
		"latin2": ISO8859_2, "ISO_8859-2:1987": ISO8859_2, "l9": ISO8859_15,
		"mac": Macintosh, "x-mac-roman": Macintosh, "x-mac-ukrainian": MacCyrillic, "koi8r": KOI8R, "koi": KOI8R,
		"cp437": IBM437, "ibm-852": IBM852, "dos850": IBM850, "cp866": IBM866, "csIBM863": IBM863, "cp00858": IBM858,
		"cp037": IBM037, "sjis": ShiftJIS, "Shift-JIS": ShiftJIS, "windows-31j": ShiftJIS, "cp932": ShiftJIS,
		"eucjp": EUCJP, "csISO2022JP": ISO2022JP, "gb2312": GBK, "cp936": GBK, "gb_18030": GB18030,
		"big5-hkscs": Big5, "cp950": Big5, "ks_c_5601-1987": EUCKR, "cp949": EUCKR, "tis-620": Windows874,
		"hebrew": ISO8859_8, "arabic": ISO8859_6, "greek": ISO8859_7, "utf-16": UTF16LE, "us-ascii": Windows1252,
	} {
		var e Encoding
		require.NoError(t, e.UnmarshalText([]byte(name)), name)
		require.Equal(t, want.String(), e.String(), name)
	}
	e := Big5
	require.NoError(t, e.UnmarshalText(nil))
	require.Equal(t, Auto, e)
	for _, name := range []string{"ebcdic", "replacement", "x-user-defined", "utf-7", "-", "é"} {
		_, err := Parse(name)
		require.Error(t, err, name)
	}
	_, err := Encoding(99).MarshalText()
	require.Error(t, err)
	require.Equal(t, "Encoding(99)", Encoding(99).String())
	require.False(t, Encoding(99).Valid())
	_, err = Parse(strings.Repeat("é", 30))
	require.EqualError(t, err, `unknown encoding "éééééééééééééééééééé...": want auto, utf-8, windows-1252, windows-1250, `+
		`shift_jis or another name of the Encoding Standard or IANA`)
}

func TestEncodings(t *testing.T) {
	const text = "sku,name\r\nä-1,\"Größe „XL“ – 10 €\"\r\nb,Œuvre d’Été\r\n"
	far := strings.Repeat("a,plain line\n", 20_000)
	latin := func(s string) string { return encode(t, charmap.Windows1252, s) }
	for _, c := range []struct {
		name, file string
		want       Encoding
		text       string
		found      Encoding
		evidence   string
	}{
		{"ASCII", "a,b\n", Auto, "a,b\n", UTF8, "only ASCII"},
		{"UTF-8", text, Auto, text, UTF8, "valid UTF-8"},
		{"UTF-8 with a mark", "\ufeff" + text, Auto, text, UTF8, "byte order mark"},
		{"UTF-8 with a mark, given", "\ufeff" + text, UTF8, text, UTF8, "given"},
		{"UTF-16LE", "\xff\xfe" + encode(t, known[UTF16LE].text, text), Auto, text, UTF16LE, "byte order mark"},
		{"UTF-16BE", "\xfe\xff" + encode(t, known[UTF16BE].text, text), Auto, text, UTF16BE, "byte order mark"},
		{"UTF-16LE without a mark", encode(t, known[UTF16LE].text, text), Auto, text, UTF16LE, "NUL"},
		{"UTF-16BE without a mark", encode(t, known[UTF16BE].text, text), Auto, text, UTF16BE, "NUL"},
		{"UTF-16, given", encode(t, known[UTF16BE].text, "日本語"), UTF16BE, "日本語", UTF16BE, "given"},
		{"UTF-16 in Japanese", encode(t, known[UTF16LE].text, "sku,name\n1,日本語\n2,茶碗\n"), Auto,
			"sku,name\n1,日本語\n2,茶碗\n", UTF16LE, "NUL"},
		{"UTF-16 with pairs", "\xff\xfe" + encode(t, known[UTF16LE].text, "a😀b"), Auto, "a😀b", UTF16LE, "mark"},
		{"UTF-16 with halves of pairs", "\xff\xfea\x00\x3d\xd8b\x00\x00\xdec\x00\x3d\xd8", Auto,
			"a\xed\xa0\xbdb\xed\xb8\x80c\xed\xa0\xbd", UTF16LE, "mark"},
		{"UTF-16 with an odd byte", "\xff\xfea\x00\x3d", Auto, "a\xff", UTF16LE, "mark"},
		{"Windows-1252", latin(text), Auto, text, Windows1252, `for example "ä-1"`},
		{"Windows-1252, late", latin(far + text), Auto, far + text, Windows1252, `for example "ä-1"`},
		{"UTF-8, late", far + text, Auto, far + text, UTF8, "valid UTF-8"},
		{"Windows-1252, given", "caf\xe9 \x81", Windows1252, "café \x81", Windows1252, "given"},
		{"ISO-8859-1, given", "caf\xe9 \x81", ISO8859_1, "café \u0081", ISO8859_1, "given"},
		{"one letter", "sku,name\n1,caf\xe9", Auto, "sku,name\n1,café", Windows1252, "windows-1252"},
		{"damaged UTF-8", text + "\xff\n\xe4\n", Auto, text + "\xff\n\xe4\n", UTF8, "most"},
		{"UTF-8 that ends too early", "a,é\n\xc3", Auto, "a,é\n\xc3", UTF8, "most"},
		{"a stray NUL", "a,b\x00\n", Auto, "a,b\x00\n", UTF8, "ASCII"},
		{"UTF-8 that is cut off once", "a,light\xe2\x80\nb,oak\n", Auto, "a,light\xe2\x80\nb,oak\n", UTF8, "cut off"},
		{"a stray byte among letters", latin(text+strings.Repeat("Straße,Größe,Öl,Übung,Käse\n", 3)) + "a\x81b", Auto,
			text + strings.Repeat("Straße,Größe,Öl,Übung,Käse\n", 3) + "a\x81b", Windows1252, "ä-1"},
		{"stray bytes at the end of a word", "1,pedro\xff\xff,x\n2,b\n", Auto, "1,pedro\xff\xff,x\n2,b\n", UTF8, "neither"},
		{"stray bytes", "bo\xff\xffgie", Auto, "bo\xff\xffgie", UTF8, "neither"},
		{"the same in all that is likely", "a,M\xf6bel 5 \x80\n", Auto, "a,Möbel 5 €\n", Windows1252, "Möbel"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, found, err := readText(t, c.file, c.want)
			require.NoError(t, err)
			require.Equal(t, c.text, text)
			require.Equal(t, c.found.String(), found.Encoding.String())
			require.Contains(t, found.Evidence, c.evidence)
		})
	}
}

// Whole alphabets of Western Europe make sense, and the same text as UTF-8 is never taken for another encoding.
func TestWesternLanguages(t *testing.T) {
	for _, text := range []string{
		"Falsches Üben von Xylophonmusik quält jeden größeren Zwerg",
		"Dès Noël où un zéphyr haï me vêt de glaçons würmiens, l’œuvre à 5 €",
		"El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia; ¿añoraba? ¡sí! «ñandú»",
		"À noite, vovô Kowalsky vê o ímã cair no pé do pinguim queixoso; ação",
		"Kæmi ný öxi hér, ykist þjófum nú bæði víl og ádrepa",
		"Høj bly gom vandt fræk sexquiz på wc; Ærø, Århus",
		"Flygande bäckasiner söka hwila på mjuka tuvor; Åäö",
		"L·lipsi, col·legi, paral·lel, ºª, naïveté, 20°C, ±5 µm, ½ Zoll, 5²",
		"Brand® Name™ – “quoted” … it’s ©",
	} {
		encoded := encode(t, charmap.Windows1252, text)
		got, found, err := readText(t, encoded, Auto)
		require.NoError(t, err)
		require.Equal(t, text, got)
		require.Equal(t, Windows1252, found.Encoding)
		got, found, err = readText(t, text, Auto)
		require.NoError(t, err)
		require.Equal(t, text, got)
		require.Equal(t, UTF8, found.Encoding)
	}
}

func TestMarkThatContradicts(t *testing.T) {
	_, _, err := readText(t, "\xff\xfea\x00", Windows1252)
	require.ErrorIs(t, err, ErrInput)
	require.ErrorContains(t, err, "byte order mark of utf-16le, but its encoding is given as windows-1252")
}

// Detect says of a file's beginning what a Reader says of the file, unless what decides comes later.
func TestDetect(t *testing.T) {
	western := encode(t, charmap.Windows1252, "Größe,Länge\n")
	for _, file := range []string{"", "a,b\n", "é", "\ufeffa", "\xff\xfea\x00", "a\x00,\x00b\x00", western,
		strings.Repeat("a", 2*startBytes) + western, "\xef\xee\xeb\xf3", "é\xc3",
		strings.Repeat("a", 3) + strings.Repeat("€", judgedBytes)} {
		_, want, err := readText(t, file, Auto)
		var question *QuestionError
		if errors.As(err, &question) {
			require.Equal(t, want.Readings, question.Readings)
		} else {
			require.NoError(t, err)
		}
		require.Equal(t, want, Detect([]byte(file), true), "%.20q", file)
	}
	require.Equal(t, UTF8, Detect([]byte("caf\xe9"), false).Encoding, "a character may be cut off")
	require.Equal(t, Windows1252, Detect([]byte("caf\xe9"), true).Encoding)
}

// A character that is cut in two by the end of what is judged is none that is broken.
func TestJudgedStretchEndsInACharacter(t *testing.T) {
	for n := range 4 {
		file := strings.Repeat("a", n) + strings.Repeat("€", judgedBytes/2)
		_, found, err := readText(t, file, Auto)
		require.NoError(t, err)
		require.Equal(t, Detected{Encoding: UTF8, Evidence: "its first characters beyond ASCII are valid UTF-8"}, found)
	}
}

func TestReaderHandsReadErrorsOn(t *testing.T) {
	for _, before := range []string{"", "a", "\xff\xfe", "\xff\xfea", "\xe9", "é", strings.Repeat("a", 2*startBytes),
		strings.Repeat("a", 2*startBytes) + "\xe9"} {
		r, err := NewReader(io.MultiReader(strings.NewReader(before), iotest.ErrReader(io.ErrNoProgress)), Auto)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		require.ErrorIs(t, err, io.ErrNoProgress, "%q", before)
	}
}

// Every byte of every encoding that has a character for each, as x/text has them but for bytes without one.
func TestBytes(t *testing.T) {
	undefined := map[Encoding]string{Windows1252: "\x81\x8d\x8f\x90\x9d", Windows1250: "\x81\x83\x88\x90\x98",
		Windows1257: "\x81\x83\x88\x8a\x8c\x90\x98\x9a\x9c\x9f\xa1\xa5", Windows1251: "\x98", ISO8859_1: "", KOI8R: "",
		Macintosh: "", IBM852: "", IBM1140: ""}
	for e := range encodings {
		table, single := newTable(e)
		if !single {
			continue
		}
		var missing []byte
		for c := range 256 {
			src := []byte{byte(c)}
			if table[c] == noCharacter {
				missing = append(missing, byte(c))
				out := table.decode([]byte("é"), append(src, src...), nil)
				require.Len(t, out, 4)
				require.False(t, utf8.Valid(out[2:]))
				require.Equal(t, "é\uFFFD\uFFFD", string([]rune(string(out))))
				continue
			}
			want, err := known[e].text.NewDecoder().Bytes(src)
			require.NoError(t, err)
			require.Equal(t, want, table.decode(nil, src, nil), "%v %x", e, c)
		}
		if want, listed := undefined[e]; listed {
			require.Equal(t, want, string(missing), "%v", e)
		}
	}
}

// What is damaged costs no more than itself, in encodings with several bytes for a character too.
func TestDamageInAsianEncodings(t *testing.T) {
	for e, text := range map[Encoding]string{ShiftJIS: "sku,名前\n1,木製スプーン\n2,", EUCJP: "sku,名前\n1,木製スプーン\n2,",
		ISO2022JP: "sku,名前\n1,木製スプーン\n2,", GBK: "sku,商品\n1,木勺\n2,", GB18030: "sku,商品\n1,木勺😀é\n2,",
		HZGB2312: "sku,商品\n1,木勺\n2,", Big5: "sku,商品\n1,木勺\n2,", EUCKR: "sku,상품\n1,나무 숟가락\n2,"} {
		file := encode(t, known[e].text, text)
		got, found, err := readText(t, file, e)
		require.NoError(t, err)
		require.Equal(t, text, got)
		require.Equal(t, e, found.Encoding)

		damage := map[Encoding]string{ISO2022JP: "\x1b$B%9%", HZGB2312: "~{~{D\xff"}[e]
		if damage == "" {
			damage = "\xff"
		}
		got, _, err = readText(t, file+damage+"\n"+file, e)
		require.NoError(t, err)
		require.False(t, utf8.ValidString(got), "%v %q", e, got)
		lines := strings.SplitAfter(got, "\n")
		require.Equal(t, strings.SplitAfter(text, "\n"), lines[3:], "%v: what follows the damaged line", e)
		require.Equal(t, text, strings.Join(lines[:2], "")+"2,")
	}
}

// FuzzReader: in every encoding, what stands for characters becomes what x/text makes of it, and what doesn't becomes
// what is no UTF-8; however the file is read.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"", "a,b\n", "\xff\xfea\x00\x3d\xd8\x00\xde", "caf\xe9\x81", "\xfe\xff\xd8\x3d",
		"é\xc3", strings.Repeat("a", startBytes) + "\xe4", "\x1b$B%9%W\x1b(B\n", "~{D>IW~}~~\n", "\x81\x30\x81\x30\xb2\xee",
		"\x8f\xa4\x95i\xb1", "\x8f\xa2\xaf\x8e\xb1", strings.Repeat("\x88\x62\xa4", 200)} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(Big5))
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		text, found, err := readText(t, string(data), Encoding(which)%encodings)
		if err != nil {
			require.ErrorIs(t, err, ErrInput)
			return
		}
		_, mark := ByteOrderMark(data)
		rest := data[mark:]
		if found.Encoding == UTF8 {
			require.Equal(t, string(rest), text)
			return
		}
		decoder := known[found.Encoding].text.NewDecoder()
		var want []byte
		for part := range bytes.SplitAfterSeq(rest, []byte("\n")) {
			if found.Encoding != ISO2022JP && found.Encoding != HZGB2312 || bytes.ContainsAny(rest, "\r") {
				part = rest
			}
			end := bytes.TrimSuffix(part, []byte("\n"))
			if len(part) == len(rest) {
				end = part
			}
			decoded, err := decoder.Bytes(end)
			require.NoError(t, err)
			want = append(append(want, decoded...), part[len(end):]...)
			if len(part) == len(rest) {
				break
			}
		}
		table, single := newTable(found.Encoding)
		broken := bytes.ContainsRune(want, utf8.RuneError)
		for _, c := range rest {
			broken = broken || single && table[c] == noCharacter
		}
		if bytes.ContainsAny(rest, "\r") && (found.Encoding == ISO2022JP || found.Encoding == HZGB2312) {
			return // x/text knows no lines
		}
		require.Equal(t, broken, !utf8.ValidString(text))
		if !broken {
			require.Equal(t, string(want), text)
		}
	})
}
