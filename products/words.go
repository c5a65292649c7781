package products

import "strings"

// The words of a status beside the usual ones for yes and no, in the languages of the columns' names and as shops
// export them: whether a product is active, that is, offered. Whether it is in stock is something else, so that words
// for that are not among them.
const (
	statusYes = "active, activated, enabled, published, publish, visible, live, online, listed, " +
		"aktiv, aktiviert, veröffentlicht, sichtbar, freigegeben, " +
		"actif, active, activé, publié, visible, en ligne, " +
		"activo, activado, publicado, en línea, attivo, attivato, pubblicato, visibile, " +
		"actief, geactiveerd, ingeschakeld, gepubliceerd, zichtbaar, " +
		"ativo, ativado, visível, aktywny, aktywne, aktywna, opublikowany, opublikowane, opublikowana, widoczny, widoczne"
	statusNo = "inactive, deactivated, disabled, unpublished, not published, draft, auto draft, private, pending, " +
		"pending review, in review, scheduled, future, proposed, rejected, incomplete, archived, archive, trash, trashed, " +
		"deleted, removed, discontinued, expired, ended, suspended, suppressed, blocked, " +
		"hidden, not visible, invisible, not visible individually, unlisted, not listed, offline, -1, " +
		"inaktiv, deaktiviert, unveröffentlicht, nicht veröffentlicht, entwurf, archiviert, unsichtbar, nicht sichtbar, " +
		"versteckt, ausgeblendet, gesperrt, gelöscht, " +
		"inactif, désactivé, non publié, dépublié, brouillon, archivé, masqué, caché, non visible, privé, en attente, " +
		"hors ligne, supprimé, " +
		"inactivo, desactivado, no publicado, borrador, archivado, oculto, no visible, privado, pendiente, " +
		"inattivo, disattivato, disabilitato, non pubblicato, bozza, archiviato, nascosto, non visibile, privato, in attesa, " +
		"inactief, gedeactiveerd, uitgeschakeld, niet gepubliceerd, concept, gearchiveerd, verborgen, niet zichtbaar, " +
		"inativo, desativado, não publicado, rascunho, arquivado, não visível, pendente, " +
		"nieaktywny, nieaktywne, nieaktywna, nieopublikowany, szkic, zarchiwizowany, ukryty, ukryte, niewidoczny, " +
		"niewidoczne"
)

// newStatusWords returns what each word of a status means. Those with accents are known without them too.
func newStatusWords() map[string]bool {
	words := map[string]bool{}
	for list, means := range map[string]bool{statusYes: true, statusNo: false} {
		for _, word := range strings.Split(list, ", ") {
			words[word], words[plainGerman.Replace(word)], words[withoutAccents(word)] = means, means, means
		}
	}
	return words
}
