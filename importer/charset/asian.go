package charset

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// asian are the encodings of East Asia, with characters that are common in their languages, and of catalogues.
var asian = []struct {
	encoding Encoding
	common   string
}{
	{ShiftJIS, ofJapan}, {EUCJP, ofJapan},
	{GB18030, "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之" +
		"进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线" +
		"内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管" +
		"白黑红色蓝绿灰粉男女童装鞋包衣裤裙帽茶杯碗盘锅刀桌椅床柜灯布纸笔书店货价格商名称号型尺寸码套件箱盒瓶米厘克重长宽手机线充器"},
	{Big5, "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多定行學法所民得經十三之" +
		"進著等部度家電力裡如水化高自二理起小物現實加量都兩體制機當使點從業本去把性好應開它合還因由其些然前外天政四日那社義事平形相全表間樣與關各重新線" +
		"內數正心反你明看原又麼利比或但質氣第向道命此變條只沒結解問意建月公無系軍很情者最立代想已通並提直題黨程展五果料象員革位入常文總次品式活設及管" +
		"白黑紅色藍綠灰粉男女童裝鞋包衣褲裙帽茶杯碗盤鍋刀桌椅床櫃燈布紙筆書店貨價格商名稱號型尺寸碼套件箱盒瓶米厘克重長寬手機線充器"},
	{EUCKR, "이다의가는을를에은하고한지도로기사리서인대자아해시어나일정수상전보제여주부그장들비스원관년구화라계용과게중과경문공생도동국신성있면" +
		"물안소방내세적오음자마입미조업조무모유개으만선간발품명번호색가격상흰검빨강노랑초록파랑분홍남여복신발방치마바지모티셔츠컵접시냄비칼책탁의침등" +
		"포종연필장난감인형옷운갑트크프드키블전화컴퓨터소설탕빵우유차커피량길높께무"},
}

const ofJapan = "ー、。・品名商番号価格円色白黒赤青緑黄灰紫茶大中小男女子供用服靴鞄帽手袋下着上衣食器皿箸刀鍋机椅寝具棚灯布紙筆本店型寸法箱瓶米長幅高重量" +
	"電話機線充器日本国人年月時間分金銀木水火土花柄絵付入製新古送料無税込抜個枚組点数在庫有説明画像写真種類素材綿毛糸革竹鉄和風洋室家庭台所掃除洗濯"

// asianBytes is how much of a text shows whether it is of East Asia.
const asianBytes = 4 << 10

var commonCharacters = sync.OnceValue(func() (sets [5]map[rune]bool) {
	for i, a := range asian {
		sets[i] = map[rune]bool{}
		for _, r := range a.common {
			sets[i][r] = true
		}
	}
	return sets
})

// eastAsian returns the encodings of East Asia in which a text makes sense, with one of its values in each, the
// likeliest first. The text may end within a character.
func eastAsian(text []byte) []Reading {
	cut := 0 // characters in two
	if len(text) > asianBytes {
		text, cut = text[:asianBytes], 1
	}
	value := longestValue(text)
	common := commonCharacters()
	type likely struct {
		reading Reading
		share   float64
	}
	var found []likely
	for i, a := range asian {
		decoded, _ := newDecoder(a.encoding)(nil, text, true)
		all, broken, usual := 0, 0, 0
		for len(decoded) > 0 {
			r, n := utf8.DecodeRune(decoded)
			decoded = decoded[n:]
			switch {
			case r == utf8.RuneError:
				broken++
			case r < utf8.RuneSelf:
				continue
			case common[i][r], a.common == ofJapan && r < 0xff00 && unicode.In(r, unicode.Hiragana, unicode.Katakana):
				usual++
			}
			all++
		}
		share := float64(usual) / float64(max(all, 1))
		if broken <= cut+all/200 && (all > 2 && share >= 0.1 || all > 1 && share >= 0.3) {
			text, _ := newDecoder(a.encoding)(nil, value, true)
			found = append(found, likely{Reading{a.encoding, string(text)}, share})
		}
	}
	slices.SortStableFunc(found, func(a, b likely) int { return cmp.Compare(b.share, a.share) })
	var readings []Reading
	for _, f := range found {
		readings = append(readings, f.reading)
	}
	return readings
}

// longestValue returns the longest of the first values with bytes beyond ASCII, from its beginning.
func longestValue(text []byte) (longest []byte) {
	const most = 40 // bytes
	ends := func(r rune) bool { return endsValue(byte(r)) && r < utf8.RuneSelf }
	values := 0
	for value := range strings.FieldsFuncSeq(string(text[:min(len(text), 1<<10)]), ends) {
		if countASCII([]byte(value)) == len(value) {
			continue
		}
		if len(value) > len(longest) {
			longest = []byte(value)
		}
		if values++; values == 5 {
			break
		}
	}
	return longest[:min(len(longest), most)]
}
