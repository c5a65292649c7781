package charset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// encodeName writes a name in the encoding, which may lack a character of it.
func encodeName(e Encoding, name string) (encoded string, whole bool) {
	encoded, err := known[e].text.NewEncoder().String(composed(name))
	return encoded, err == nil
}

// outcome is what share of files, in per cent, were read rightly, were asked about, were read wrongly without a word,
// and were taken for damaged UTF-8, which rejects their records.
type outcome struct{ right, asked, wrong, rejected int }

func (o outcome) String() string {
	return fmt.Sprintf("%3d %3d %3d %3d", o.right, o.asked, o.wrong, o.rejected)
}

// readNames reads files that have each so many of the names.
func readNames(encoded, plain []string, each, files int, random *rand.Rand) (o outcome) {
	western, _ := newTable(Windows1252)
	for i := range files {
		file, want := "sku,name\n", "sku,name\n"
		for row := range each {
			n := random.IntN(len(encoded))
			if each == 1 {
				n = i
			}
			file += fmt.Sprintf("%d,%s\n", row, encoded[n])
			want += fmt.Sprintf("%d,%s\n", row, plain[n])
		}
		switch found := Detect([]byte(file), true); {
		case found.Readings != nil:
			o.asked++
		case found.Encoding == UTF8:
			o.rejected++
		case string(western.decode(nil, []byte(file), nil)) == want:
			o.right++
		default:
			o.wrong++
		}
	}
	return outcome{o.right * 100 / files, o.asked * 100 / files, o.wrong * 100 / files, o.rejected * 100 / files}
}

// Names of products in two dozens of languages, in files of 1, 3, 10 and 100 of them: Windows-1252 is read where three
// are enough to know it, and what is in another encoding is asked about, or reads the same. Run it with -v for the
// table.
func TestLanguages(t *testing.T) {
	t.Logf("%-21s %-14s  names: right, asked, wrong, rejected (%%)", "", "")
	random := rand.New(rand.NewPCG(1, 2))
	for _, l := range productNames {
		for _, e := range l.encodings {
			var encoded, plain []string
			for _, name := range strings.Split(l.names, ",") {
				if s, whole := encodeName(e, name); whole && countASCII([]byte(s)) < len(s) {
					encoded, plain = append(encoded, s), append(plain, composed(name))
				}
			}
			line := fmt.Sprintf("%-21s %-14v", l.language, e)
			for _, each := range []int{1, 3, 10, 100} {
				files := 20
				if each == 1 {
					files = len(encoded)
				}
				o := readNames(encoded, plain, each, files, random)
				line += fmt.Sprintf("  %3d: %v", each, o)
				most := 0
				switch {
				case each == 1:
					most = 4 // of so few letters
				case e == Big5 && each == 3:
					most = 5
				}
				require.LessOrEqual(t, o.wrong, most, "%s in %v, %d names", l.language, e, each)
				if e == Windows1252 && each > 1 {
					require.GreaterOrEqual(t, o.right, 90, "%s, %d names", l.language, each)
				}
				if each == 100 {
					require.Zero(t, o.rejected, "%s in %v", l.language, e)
				}
			}
			t.Log(line)
		}
	}
}

// Names of another language among many are no reason to ask in the west, and are one where it isn't the west.
func TestMixedLanguages(t *testing.T) {
	names := func(language string, e Encoding) (encoded []string) {
		for _, l := range productNames {
			for _, name := range strings.Split(l.names, ",") {
				if s, whole := encodeName(e, name); whole && l.language == language {
					encoded = append(encoded, s)
				}
			}
		}
		return encoded
	}
	random := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		most, some string
		encoding   Encoding
		asked      bool
	}{
		{"German", "French", Windows1252, false}, {"German", "Danish", Windows1252, false},
		{"Italian", "German", Windows1252, false}, {"English", "French", Windows1252, false},
		{"Spanish", "Portuguese", Windows1252, false}, {"Swedish", "Finnish", Windows1252, false},
		{"German", "Czech", Windows1250, true}, {"German", "Polish", Windows1250, true},
		{"German", "Hungarian", Windows1250, true}, {"English", "Turkish", Windows1254, true},
		{"German", "Lithuanian", Windows1257, true}, {"English", "Russian", Windows1251, true},
	} {
		most, some := names(c.most, c.encoding), names(c.some, c.encoding)
		var file strings.Builder
		for i := range 200 {
			if i%8 == 7 {
				file.WriteString(some[random.IntN(len(some))] + "\n")
			} else {
				file.WriteString(most[random.IntN(len(most))] + "\n")
			}
		}
		found := Detect([]byte(file.String()), true)
		require.Equal(t, c.asked, found.Readings != nil, "%v", c)
	}
}

func TestQuestions(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []Reading
	}{
		{"Hungarian", "SKU;name\n1;F\xfbny\xedr\xf3 g\xe9p\n2;\xdcl\xf5ke, piros\n3;B\xf5r keszty\xfb\n",
			[]Reading{{Windows1250, "Fűnyíró gép"}, {Windows1252, "Fûnyíró gép"}}},
		{"Russian", "SKU;name\n1;\xcb\xe0\xec\xef\xe0\n2;\xd1\xf2\xee\xeb\n", []Reading{{Windows1251, "Лампа"}}},
		{"Japanese", "\x8f\xa4\x95i\x83R\x81[\x83h,\x8f\xa4\x95i\x96\xbc\nA-1,\x83\x89\x83\x93\x83v\n",
			[]Reading{{ShiftJIS, "商品コード"}}},
		{"Macintosh", "sku,name\n1,Gr\x9a\xa7e XL\n2,M\x9abel\n", []Reading{{Macintosh, "Größe XL"}}},
		{"the other euro sign", "sku,price\n1,10 \xa4\n2,20 \xa4\n3,c\xbdur\n", []Reading{{ISO8859_15, "10 €"}}},
		{"UTF-8 behind Windows-1252", "1,Stra\xdfe\n2,Gr\xf6\xdfe\n3,\xd6l\n4,K\xe4se\n5,Fahrradt\xfcr\n6,größer\n7,für\n",
			[]Reading{{UTF8, "größer"}, {Windows1252, "grÃ¶ÃŸer"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, found, err := readText(t, c.file, Auto)
			require.ErrorIs(t, err, ErrInput)
			var question *QuestionError
			require.ErrorAs(t, err, &question)
			require.Subset(t, question.Readings, c.want)
			require.Equal(t, c.want[0], question.Readings[0])
			require.LessOrEqual(t, len(question.Readings), 3)
			require.Equal(t, question.Readings, found.Readings)
			require.ErrorContains(t, err, fmt.Sprintf("%v: %q", c.want[0].Encoding, c.want[0].Text))

			text, _, err := readText(t, c.file, c.want[0].Encoding)
			require.NoError(t, err)
			require.Contains(t, text, c.want[0].Text)
		})
	}
}

// What comes behind the beginning by which a file is decided on has a say: what contradicts, and what decides.
func TestLateEvidence(t *testing.T) {
	western, _ := encodeName(Windows1252, strings.Repeat("1,Größe\n2,Straße\n3,Tür\n4,Käse,Öl\n", 3_000))
	plain := strings.Repeat("1,plain line\n", 10_000)
	polish, _ := encodeName(Windows1250, "1,Łyżka\n2,Półka wisząca\n3,Ręcznik\n4,święta\n5,źdźbło\n6,pięć\n")
	for name, file := range map[string]string{"behind much that is Western": western + polish,
		"behind one letter": "1,caf\xe9\n" + plain + polish,
		"UTF-8":             western + "1,für Mädchen\n2,größer\n" + strings.Repeat("größere Häuser\n", 500)} {
		_, found, err := readText(t, file, Auto)
		var question *QuestionError
		require.ErrorAs(t, err, &question, name)
		require.Equal(t, question.Readings, found.Readings)
	}

	// A word that is asked about alone, and is clear among others.
	const alone = "1,Cr\xeape\n"
	_, _, err := readText(t, alone, Auto)
	require.ErrorIs(t, err, ErrInput)
	more, _ := encodeName(Windows1252, "2,crème brûlée\n3,gâteau à la fraise\n4,thé glacé\n5,pâté de tête\n")
	text, found, err := readText(t, alone+plain+more, Auto)
	require.NoError(t, err)
	require.Equal(t, Windows1252, found.Encoding)
	require.Nil(t, found.Readings)
	require.Contains(t, text, "brûlée")
}

// A read error is no reason to ask.
func TestReadErrorBeforeAQuestion(t *testing.T) {
	failure := errors.New("connection lost")
	r, err := NewReader(io.MultiReader(strings.NewReader("1,Cr\xeape\n"), failing{failure}), Auto)
	if err == nil {
		_, err = io.ReadAll(r)
	}
	require.ErrorIs(t, err, failure)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// worst are beginnings of files on which much has to be thought about.
func worst() map[string][]byte {
	random := rand.New(rand.NewPCG(5, 6))
	noise, high := make([]byte, judgedBytes), make([]byte, judgedBytes)
	for i := range noise {
		noise[i], high[i] = byte(random.Uint32()), byte(random.Uint32())|0x80
	}
	russian, _ := encodeName(Windows1251, strings.Repeat(russian, judgedBytes/len([]rune(russian))+1))
	chinese, _ := encodeName(GBK, strings.Repeat(asian[2].common, judgedBytes/2/len([]rune(asian[2].common))))
	return map[string][]byte{"noise": noise, "bytes beyond ASCII": high, "Russian": []byte(russian)[:judgedBytes],
		"Chinese": []byte(chinese), "one letter": bytes.Repeat([]byte("a\xe9"), judgedBytes/2)}
}

// TestDetectionTakesNoTime: nothing takes much longer than what is easy to judge does on the same machine.
func TestDetectionTakesNoTime(t *testing.T) {
	files := worst()
	least := func(name string) time.Duration {
		least := time.Hour
		for range 2 {
			started := time.Now()
			Detect(files[name], false)
			least = min(least, time.Since(started))
		}
		return least
	}
	easy := least("Russian")
	for name := range files {
		took := least(name)
		t.Log(name, took)
		require.Less(t, took, 100*easy, name)
	}
}

func BenchmarkLanguages(b *testing.B) {
	for b.Loop() {
		newLanguages()
	}
}

func BenchmarkDetect(b *testing.B) {
	for name, file := range worst() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Detect(file, false)
			}
		})
	}
}
