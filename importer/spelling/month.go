package spelling

import (
	"strings"
	"sync"
	"time"
)

// months has the names of the months and their short forms, in lower case and without points: of English, German,
// French, Spanish, Italian, Dutch, Portuguese and Polish, also without their accents.
var months = sync.OnceValue(func() map[string]time.Month {
	m := map[string]time.Month{}
	month := time.January
	for line := range strings.Lines(`jan january januar jän jänner janv janvier ene enero gen gennaio januari janeiro sty styczeń stycznia styczen
feb february februar feber févr fév février fevr fev fevrier febrero febbraio februari fevereiro lut luty lutego
mar march mär märz mrz maerz mars marzo mrt maart março marco marzec marca
apr april avr avril abr abril aprile kwi kwiecień kwietnia kwiecien
may mai mayo mag maggio mei maio maj maja
jun june juni juin junio giu giugno junho cze czerwiec czerwca
jul july juli juil juillet julio lug luglio julho lip lipiec lipca
aug august août aout ago agosto augustus sie sierpień sierpnia sierpien
sep sept september septembre septiembre setiembre set settembre setembro wrz wrzesień września wrzesien wrzesnia
oct october okt oktober octobre octubre ott ottobre out outubro paź październik października pazdziernika
nov november novembre noviembre novembro lis listopad listopada
dec december dez dezember déc décembre decembre dic diciembre dicembre dezembro gru grudzień grudnia grudzien
`) {
		for _, name := range strings.Fields(line) {
			m[name] = month
		}
		month++
	}
	return m
})

// monthOf returns the month of that name, 0 for none.
func monthOf(name string) time.Month {
	if len(name) > 32 {
		return 0
	}
	var buf [32]byte
	return months()[string(lower(&buf, name))]
}

// weekdays has the names of the days of the week, in lower case, in the same languages.
var weekdays = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`mon monday tue tues tuesday wed wednesday thu thurs thursday fri friday sat saturday
sun sunday mo montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag
lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo
lunedì martedì mercoledì giovedì venerdì sabato domenica maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
segunda terça quarta quinta sexta poniedziałek wtorek środa czwartek piątek sobota niedziela
`) {
		m[name] = true
	}
	return m
})

// weekday tells whether it is the name of a day of the week.
func weekday(name string) bool {
	if len(name) > 32 {
		return false
	}
	var buf [32]byte
	return weekdays()[string(lower(&buf, name))]
}
