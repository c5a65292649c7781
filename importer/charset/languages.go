package charset

// The languages that are told apart, by common words of theirs that have letters beyond ASCII. What counts is how often
// the letters come and beside which others they stand: see newModel.

const german = "für über können müssen größe länge höhe stück schön grün weiß straße fuß mädchen männer süß tür öl äpfel " +
	"übung gemüse küche möbel schlüssel kühl wärme wäsche bücher körper löffel schüssel hülle zubehör ausführung " +
	"geschäft verfügbar erhältlich während außen großes heiß groß maß schließen gefäß fläche stärke kälte rückseite zurück " +
	"natürlich später früh hört böse könig vögel hölzern häuser bäume räder zähne käse säge nägel gerät erklärt " +
	"ähnlich ältere öffnen österreich überall übrig ärger ärmel ölfarbe wünsche tücher kürbis bürste mütze gürtel " +
	"strümpfe schürze prüfen füllen gebühr lösung größer nähe qualität universität lässt müll füße grüße spaß dreißig " +
	"beißen schweiß preußen gießen blüte früchte nüsse würfel kästen gläser teller-gläser fächer dächer träger jäger " +
	"käfer täglich jährlich wöchentlich möglich nötig öffentlich"

const french = "à à à à à à à à à à à à été déjà même très après être où à là voilà plutôt côté élève école étoile février août noël garçon français " +
	"leçon reçu façon ça hôtel hôpital tête fête bête forêt fenêtre prêt intérêt arrêt conquête mère père frère " +
	"lumière rivière première dernière manière entière matière bière crème problème système modèle pièce siècle règle " +
	"étagère cuillère clé café thé blé pré santé qualité beauté côtés liberté société électrique énergie équipe épaule " +
	"général préféré léger légère célèbre répéter sécurité numéro mémoire mélange métal détail dégâts gâteau château " +
	"pâte pâtes mâle âge bâton tâche île boîte maître connaître naître dîner goût août coûter sûr mûr flûte brûler " +
	"où œuvre sœur cœur bœuf œil œuf nœud naïf maïs égoïste haïr ambiguë réglé année armée entrée idée journée " +
	"fusée poupée poignée carré doré salé sucré privé fermé séché émaillé côtelé rayé imprimé brodé réservé protégé " +
	"étui épais étanche économie écran éclairage à-côté hélas près succès accès procès excès progrès décès"

const spanish = "año niño señor españa mañana pequeño baño sueño otoño montaña caña araña uña leña dueño engañar compañía cariño " +
	"también más está están así aquí allí después adiós corazón canción jabón algodón cajón sillón balón camión cartón " +
	"jamón limón melón ratón botón pantalón edición acción nación opción protección colección habitación " +
	"iluminación calefacción fácil árbol lápiz música médico máquina cámara lámpara plástico eléctrico automático básico " +
	"clásico mágico cerámica número teléfono único último rápido sólido líquido húmedo círculo película artículo vehículo " +
	"días tía país frío río energía batería panadería librería todavía librerías fotografía policía sofá café bebé pie " +
	"azúcar fútbol útil túnel júpiter baúl ataúd perú según ningún pingüino vergüenza cigüeña bilingüe antigüedad " +
	"inglés francés través interés jardín calcetín cojín maletín patín colchón edredón tazón cinturón acordeón " +
	"teclón sartén cárcel difícil débil césped éxito época él sábana cántaro látigo página pájaro"

const portuguese = "não são mão pão chão irmão limão botão cartão algodão sabão fogão coração avião estação informação coleção " +
	"atenção ação opção proteção promoção iluminação edição manhã maçã lã irmã fã órfã amanhã alemã botões cartões " +
	"edições opções canções limões põe corações mães pães cães você português inglês três mês café pé até bebê avó avô " +
	"só pó nós árvore água lápis máquina câmera lâmpada plástico elétrico automático básico clássico mágica cerâmica " +
	"número telefone único último rápido sólido líquido úmido círculo película artigo veículo música médico público " +
	"açúcar cabeça criança força praça braço preço peça laço lenço açaí coração aço calça onça poço almoço alça " +
	"país saída família série história memória rádio relógio armário escritório acessório necessário próprio sério " +
	"tênis pêssego vênus gênero econômico eletrônico tônico cômoda pôr pôster alô âncora ângulo infância distância " +
	"câmbio têxtil português experiência agência potência frequência à às àquele também além refém alguém porém " +
	"fácil difícil útil útil móvel portátil ível ótimo óleo ópera óculos sofá chá guaraná crachá maracujá já lá há"

const italian = "è è è è à è già già giù però però menù menù purè papà bignè è più città università qualità perché così però può già là lunedì martedì giù virtù gioventù tè caffè " +
	"libertà età unità bontà novità attività metà verità società capacità umidità elettricità velocità comodità utilità " +
	"sarà farà potrà dirà papà falò oblò comò canapè bidè purè bignè poiché finché né sé cioè ahimè lassù tribù gru " +
	"menù ragù bambù tiramisù caucciù blù igloò ciò dì sì lì qualità quantità cosicché mercoledì giovedì venerdì dà"

const dutch = "één coördinatie reünie ruïne geïsoleerd geïntegreerd België italië australië ideeën knieën zeeën tweeën drieën " +
	"poëzie efficiënt patiënt ingrediënten categorieën financiële officiële industriële materiële cliënt café " +
	"crème hé blèren scène caféhouder vóór dóór privé logé coupé oriëntatie geëmailleerd beëindigen " +
	"coöperatie zoölogie naïef maïs cocaïne geïmporteerd egoïst uiteindelijk-reëel getatoeëerd enquête fêteren crêpe " +
	"überhaupt skûtsje moiré paté satéstok"

const danish = "på så også når år får går står må små blå grå hånd bånd vand-sånd håndklæde låge bærbar åben åbner råd båd hår lår gård " +
	"være læse hæve træ læder væg væske æble æg ærlig ære sæbe sæt tæppe tændt værktøj værelse næse kæde sæson glæde " +
	"fødsel børn først grøn rød sød brød kød bøger dør gør kørsel køkken køle løb løse møde møbel nøgle øl ønske øre øst ø " +
	"høj bøde føler følge grønt bønne krøller trøje skjorte-strømper støvle støv støvsuger sølv søm sø tørre udstyr-tør " +
	"hjørne børste døgn nødvendig størrelse opbevaring-bøjle bøjle hængende hængsel klæde træk lægge tæt kæreste pære dæk " +
	"fjær være værsågod første kjøkken skjønn gjøre både språk hvå kjøtt smør ørret våt måned måle kål skål stål tråd tårn"

const swedish = "är och-så på så också när år får går står må små blå grå hand-åker åt hår lår gård båt låda låg lång åtta många " +
	"gång många måste målning språk vår kål skål stål tråd plåt fåtölj hålla hål skåp ståltråd " +
	"för över kött röd grön bröd söt dörr köra kök köksbord löpning möte möbel nyckel-öl önskar öra öst ö hög björn börja " +
	"först större rör höger böcker fönster mönster tröja strömpor stövlar smör kör öppen överkast höst törst " +
	"läsa träd läder vägg vätska äpple ägg ärlig ära sätta täcke tändsticka värld väska näsa kedja-glädje säker säng " +
	"mjölk färg kläder här där mäta lätt rätt häst fjäder järn stjärna kärlek bärbar trä träslag hängare väder bälte käx " +
	"ändå nära nästa täckjacka kuddöverdrag påslakan sängkläder öppnare smörkniv"

const finnish = "ja-että myös mitä tämä nämä tässä hän älä äiti isä pöytä käsi sänky leipä kynä käyttö käyttää käsityö väri värit " +
	"päivä päällinen pää jää jääkaappi lämpö lämmin lämpötila säilytys säädettävä näyttö näppäimistö ääni älypuhelin " +
	"hyvä pitkä kevyt-leveä syvä märkä kylmä ystävä tyttö työ työkalu yö öljy möbel-köysi löytää löyly söpö mökki näkö " +
	"pyörä pyyhe-pöytäliina tähti täysi täyte sähkö sähköinen vihreä ympäri-ympäristö pöly henkilö kenkä mäntymetsä hämärä " +
	"kesä metsä keväällä syksyllä sisältää vetää lisää enää vähän määrä pehmeä tekijä päähine hätä tyyny-pyöreä pöllö " +
	"hylly-kyltti kyllä jäätelö pähkinä mämmi mehiläinen lääke kääntää väline"

const catalan = "és més també però això què perquè pèl mà camió balcó cançó direcció il·luminació col·lecció paral·lel " +
	"intel·ligent pròxim història òpera òs cor-ràpid màquina càmera làmpada plàstic elèctric bàsic clàssic ceràmica número telèfon " +
	"únic últim líquid humit-círculo música mèdic públic força plaça braç preu-peça llaç alça français-començar país família " +
	"sèrie memòria ràdio rellotge-armari accessori-necessària pròpia qüestió llengües aigües ordinador-anglès francès cafè " +
	"té després dilluns-així allà demà català matalàs compàs àvia àguila ídol època únicament fórmula mòbil fàcil difícil"

const icelandic = "það að þú þeir þetta þar við með því verð við maður góður blóð brauð rauður síða áður eða öðru veður hús-fæði " +
	"ísland þjóð þrír þorskur þykkt þungur þurr þvottur þráð ávextir á í ó úr út ár ást álfur ís ískaldur ól ömmu öl ör " +
	"bók bókin mjög börn fjörð fjörður köttur föt hönd lönd köku kökur æ ær æð hæð læra mæla nýtt nýr mýs mýri dýr dýrt týna " +
	"ýta vél él bréf ég þér mér hér lét tré kné fólk stóll skór sól ró ljós tölva síminn sími lítill hvítur brún grænn blár " +
	"svört gulur-grár ríki bíll bátur þak þakka þúsund stærð lýsing húð hlýtt kápa vörur íslenskur"

// English has letters of its neighbours in a few words.
const english = "café café purée décor façade naïve sauté pâté rosé crème café naïve fiancé résumé cliché décor entrée façade jalapeño crème brûlée doppelgänger über piñata soufflé purée " +
	"sauté sautéed crêpe pâté rosé déjà vu séance touché élite matinée protégé bouclé appliqué lamé moiré château " +
	"smörgåsbord möbius mötley häagen-dazs kärcher brontë zoë noël beyoncé pokémon rémy hermès nestlé kiehl-lancôme estée " +
	"l’oréal citroën moët curaçao são señor señorita açaí jägermeister müller dürer röhm bosé mañana el niño"

const estonian = "või õun õli õhk õhtu õde õpetaja õige õmblus võti võrk võileib lõng lõhn lõuna mõte mõõt mõni kõrge kõik kõva kõrv " +
	"nõu nõel põhi põld põrand põder rõõm rõivas sõna sõber sõrm sõrmus tõsi tõuge jõgi jõud jõulud hõbe hõre " +
	"ära käsi pärast jääk jää jäätis pääs päev päike väike värv väli väga näitus nägu nädal mäng mägi märg säär särk kätekuivati " +
	"täis täht tähe tänav ämber ülikond üks üle üldine külm küünal küpsis müük mütsid nüüd tüdruk tükk süda süsi sügav kütus " +
	"kütmine töö öö ööbik söök köök köögi vöö vöökoht pöial tööriist köis lööma möödu möbel-šokolaad žanr dušš garaaž"

const polish = "się jest-że być był była może już także również który której którą więc więcej ręka ręcznik ręczny męski mężczyzna dziękuję " +
	"książka piękny święto święta pięć dziesięć część części cześć zęby dębowy wąż mąż dąb kąt są łąka drążek krążek wstążka " +
	"bawełna bawełniany biały biała czarny-żółty złoty zielony-różowy niebieski-błękit ciemny-ciepły ciepło łóżko łazienka " +
	"łyżka szkło światło krzesło mydło mleko-masło stół stolik-szkoła szafa-półka główny główka góra góry dół król " +
	"ogród ogrodowy-ogródek nóż noże-nożyce róża róże żaba żelazo żona życie żywność duży duże dłoń koń słoń dzień cień " +
	"kamień pierścień jesień zieleń kuchnia-sukienka słońce końcówka tańce państwo małe mały miły długi długość szerokość " +
	"wysokość jakość ilość objętość grubość miłość wartość całość śnieg śruba środek śliwka świeca świeży ślub wiśnia nośny " +
	"źródło źle późno woźny luźny łagodny grać mieć robić zdjęcie ćwiczenia ćma wełna wełniany skóra skórzany kołdra poduszka-pościel " +
	"prześcieradło zasłona obrączka naszyjnik-kość wędka rękaw rękawice sprężyna wieża kożuch odzież młotek wiertło piła gwóźdź"

const czech = "že být když může také již více který která které některý příliš před při přes příběh přístroj příkaz přední dřevo dřevěný " +
	"stříbro stříbrný křeslo keř kříž tři čtyři dveře řeka řada řezací řemen řetěz hořčice kořen moře kuře zvíře talíř " +
	"česká český čas časopis černý červený čistý čistící číslo čokoláda čepice čelenka ručník ruční věc večer klíč míč počítač " +
	"vařič držák žlutý žena židle žárovka žehlička nůžky nůž můj dům stůl kůň kůže růže růžový půl půda dolů úhel účet údržba " +
	"úložný únor škola šaty šátek šálek široký šedý šroub šumivý myš košile košík koš hruška víš děti dítě těžký tělo " +
	"město světlo svíčka květ květina květináč pěna pěkný pět deset-devět měsíc měkký někdo něco sněhový oheň báseň píseň " +
	"plášť síť šťáva štěstí ďábel loď teď hadí láska lékař léto lék světlý malý velký dlouhý krátký bílý zelený modrý dobrý nový " +
	"příjemný dětský pánský dámský bavlněný kožený skleněný vánoční kuchyňský stojan-stojací sušič koření mýdlo mýt výška " +
	"délka šířka hmotnost-objem týden sýr chléb polévka náhrdelník náušnice řasenka"

const slovak = "že byť keď môže tiež viac ktorý ktorá ktoré niektorý príliš pred prístroj drevený strieborný kreslo tri štyri dvere rieka " +
	"rad-slovenský čas čierny červený čistý číslo čokoláda čiapka uterák ručný vec večer kľúč lopta-počítač držiak žltý žena stolička " +
	"žiarovka žehlička nožnice nôž môj dom stôl kôň koža ružový vôňa pôda úložný škola šaty šatka šálka široký sivý skrutka " +
	"košeľa košík kôš hruška deti dieťa ťažký telo mesto svetlo sviečka kvetináč päť deväť mäso mäkký pamäť opäť sneh oheň " +
	"plášť sieť šťava šťastie loď teraz-láska lekár leto svetlý malý veľký dlhý krátky biely zelený modrý dobrý nový príjemný " +
	"detský pánsky dámsky bavlnený kožený sklenený vianočný kuchynský stojan korenie mydlo výška dĺžka stĺp vŕba hĺbka šírka tŕň " +
	"týždeň syr-chlieb polievka náhrdelník náušnice posteľ posteľná obliečka priateľ stĺpik soľ bieľ"

const hungarian = "és már még több között előtt után először nő nők férfi női idő erő tető szőlő fő fölött cipő esernyő fésülködő törülköző " +
	"ülő főző hűtő fűtő tűző mosó vágó író ceruza-tű fű fűz gyűrű hűs hűtőszekrény fűnyíró fűszer szűrő műanyag műszer művész gyümölcs " +
	"könyv könnyű szép széles szék székek kék fehér kenyér tányér kés készlet méret egér tél léc éj éjszaka ébresztő étel élet ér " +
	"ár áru ágy ágynemű ásó állvány állatok szárító számítógép tál tábla láda láb lámpa táska párna három bárány kávé kábel " +
	"kör körte köszönöm öt ötlet öv öltöny öröm sör sötét zöld föld szög zöldség gyöngy köteg kötél köröm kötött sütő süti tükör " +
	"ül üveg ünnep fül kül külső belső tüll kürt gyűjtő nyár kívül víz vízforraló hír szín színes kíváncsi ízű író ing-óra ólom só " +
	"tó jó ajtó hó hajó golyó olló dió zokni-rózsa gépész bőr bőrönd kőris ők őz őszi hős sűrű keserű egyszerű nagyszerű tölgyfából " +
	"acél kerékpár tisztító felső alsó szekrény asztal-konyhai játék gyerek-férfi póló kötény függöny takaró"

const romanian = "și şi în să că nu-fără după până între către pentru-când atât încă însă mâine mână pâine câine lână lâna sânge vânt români " +
	"rând gând cântec pământ cuvânt înalt înainte încălzitor încărcător îmbrăcăminte împreună întreg însoțit casă masă apă pară " +
	"vară fată carte-iarnă iarbă mașină maşină maşinuţă școală şcoală ștergar şurub şervet şosete şapcă şah cană farfurie-lingură " +
	"cuțit cuţit furculiţă perniță pernă pătură păpuşă păr pătrat pădure săpun sănătate săptămână vărsat călător călduros " +
	"bărbaţi bărbați băieți băieţi fete-copii cămaşă cămăși fustă-rochie geantă ghiozdan-ţară țară ţesut preţ preț viaţă viață " +
	"faţă față piaţă dulceaţă frumuseţe bucătărie cafea-ceaşcă cutie-roșu roşu galbenă albă neagră verde-mică mare-roşie uşor ușor " +
	"uşă oraş moş ştiinţă informaţii colecţie protecţie condiţii soluţie soluție secţiune emoţie îngrijire piele-lemnoasă fâș " +
	"înghețată îngheţată brânză plăcintă cârnaţi brățară inimă lumânare lampă bătrân zăpadă grădină rădăcină"

const croatian = "što više također već biti-može još moći kuća kući noć moć pomoć sreća sreće svijeća voće povrće šećer ćevapi ćilim " +
	"odjeća obuća cipele-čarape majčin mačka ručnik ručni čaj čaša časopis čekić čelik čist čistač crveni-čovjek ključ vijčani " +
	"kolač plač stolica-žaba žena žica žlica žuti život košulja koža košara kiša kruška škare šal šalica široki šareni šuma " +
	"duša miš miševi daška daske-naš vaš đak đumbir rođendan uređaj između sađenje građa mlađi tvrđi žeđ anđeo nadđ " +
	"nož noževi muški ženski dječji dječja dječak pločica gačice papuče božić božićni ukras-počasni rezač oštrač sušilo prašak " +
	"mašina tuš pločnik zračni noćni sjedište dužina težina širina najveći veći manji-ponuđen spužva pužić držač kućište " +
	"punjač slušalice grijač začin začini narančasta smeđi ljubičasta bež ružičasta"

const slovene = "če več že še tudi-biti lahko-moč noč hiša sreča sveča voščena sladkor-čaj čaša čevlji nogavice-čistilo čas človek ključ " +
	"kolač brisača ročni mačka žlica žica žoga žena življenje žival rumena-košara koža jušnik škarje šal skodelica široka šola " +
	"duša miš deska-naša vaša nož moški ženski otroški božič božični okras-rezalnik šivalni sušilnik prašek stroj-tuš zračni " +
	"nočni dolžina teža-širina največji večji držalo ohišje polnilec slušalke grelnik začimbe oranžna vijolična bež roža " +
	"rožnata črna črta češnja čebula čokolada žarnica železo žep pločevina plašč vrečka posteljnina rjuha-odeja prešita"

const albanian = "është që më të një në për dhe-së kjo-çdo çfarë çelës çaj çantë çmim shtëpi ditë natë ujë bukë gjë gjithë mirë keq-bëj jetë " +
	"dorë këmbë kokë punë këpucë këmishë tavolinë karrige-gotë lugë pirun-thikë ngrohës ftohës llambë dritë kuti-bardhë zezë " +
	"kuqe-gjelbër verdhë blu-vogël madhe-lehtë rëndë gjatë shkurtër gjerë lëkurë pambuk-leshtë fëmijë grua-burrë vajzë djalë"

const turkish = "ve-için çok daha-değil büyük küçük güzel doğru değer eğer öğrenci öğretmen öğle ağaç ağır ağız yağ yağmur dağ bağ sağ sol-sağlık " +
	"mağaza soğuk soğan çocuk kağıt bardağı tabağı yatağı ayağı kapağı buzdolabı kadın altın kırmızı sarı yeşil-kızıl sıcak ısı ışık " +
	"ıslak ızgara kışlık kış kız kırk kısa sıfır sıra yıl yıldız yıkama hızlı sıvı kapı kitabı askı halı yastık çarşaf takımı bıçak " +
	"makası çatal kaşık kaşığı çorba çorap çanta çay çelik çiçek çizgili çizme iç açık güç üç ağaçtan genç araç " +
	"şeker şapka şal şarj şişe şemsiye şort baş başlık beş iş taş kuş düş kumaş güneş ateş eş yavaş arkadaş savaş aşk düşük eşya " +
	"göz göl gömlek gömleği gözlük ördek örtü örtüsü ön öz özel ölçü köşe köpek köprü dört döner söz çöp çözüm bölüm " +
	"ütü üst üzüm ürün süt sütlü gün gümüş gül kül türk türkçe tüp yüz yüzük yün düz düğme süpürge müzik kürk ülke üç " +
	"istanbul-İstanbul İzmir İpek İnce İki İş Şişli Çelik Özel Ürün Işık lı sı çıkış tatlı mutlu-akıllı ışıklı taşınabilir fincanı"

const lithuanian = "ir-yra būti būtų daugiau-jų šis šią šie tą kurį kuri-gražus gražių žalia žalias žalių žmogus žemė žiema žiedas žaislas žaislai " +
	"žvakė žvakės žuvis žirklės dviračio-šaltas šaldytuvas šampūnas šaukštas šepetys šviesa šviestuvas šilkas šiltas šalikas batų kojinių " +
	"megztukas kepurė kepurės sijonėlis suknelė suknelės kėdė kėdės stalelis-lėkštė puodelis-puodų lėktuvas gėlė gėlių gėlės mėlyna mėlynas " +
	"mėsa pėda sėkla rėmas bėgimo dėžė dėžutė pagalvė pagalvėlė antklodė užuolaida rankšluostis muilas-dušo vonią vyrų vyriškas moterų " +
	"moteriška vaikų vaikiška čia čekis česnakas pačių kačių mažas mažų didžioji raudoną ąžuolas ąžuolo mąstyti ką ranką galvą kąsnis " +
	"ąsotis įrankis įrankiai įranga įkroviklis įdėklas į įvairūs įvairių lapų medžio medžiaga medinė medinių rūšis rūbai rūbų " +
	"būstas kūdikis kūdikių sūris grūdai drąsus ąsa ęsąs tęsti kęsti skęsti rūta lietuvių kalbą sąskaita spąstai šventė šventės kalėdinė " +
	"lygintuvas virdulys-keptuvė keptuvės peilių kirpimo mašina mašinėlė dulkių siurblys ausinės ausinių laikrodžio apyrankė žemės"

const latvian = "mātēm saulēm pelēm lapsēm sievietēm dziesmēm rozīnes mašīnu medicīna līniju zīnu rītu cīņu un-ir būt vairāk tā tās šis šī kādu mājas māja māsa māte vārds vārda vārti kāju zeķes kāzas sākums mākslas ārā āda ādas ābols āboli " +
	"ēdiens ēst ēka tēvs vējš lētas krēsls krēsli mēbeles mēness svēts sēne skapis-galdiņš galdiņa bļoda šķīvis šķīvji krūze krūzīte krūzes " +
	"karotīte karotes naži nažu tējkanna tēja kafija-dvielis dvieļi spilvens spilvendrāna segas gultasveļa paklājs paklāji aizkari gaismas lampiņa " +
	"sveces svecīte rotaļlieta rotaļlietas lelle lācis lācītis bērnu bērns sieviešu vīriešu meiteņu zēnu krekls džemperis jaka cepure šalle cimdi " +
	"zābaki kurpes soma maks-josta gredzens auskari kaklarota ūdens ūdeni ūdensnecaurlaidīgs šūt šūšanas sūklis pūka pūst mūzika " +
	"ķiploks ķermeņa ķirsis ķīmija ķēde līķis ģimene ģitāra ģērbt ļoti ļaut ceļš ceļojumu zaļš zaļa koka-koks dzīve dzīvoklis zīds zīda zīme līme " +
	"līmlente sīpols pīle rīks rīki griķi īss īsa īpašs ņemt kaņepes viņa viņi maziņš māliņš akmeņu nagļu čaumala čības čipsi mačs žurnāls žakete " +
	"dažādi mežs dažu grāmata grāmatas plāns bezvadu austiņas lādētājs datorpele tastatūra ledusskapis putekļsūcējs gludeklis žāvētājs sildītājs"

const russian = "и в не на что с по для это как от за или его из так же более размер цвет белый чёрный красный синий зеленый желтый серый розовый стол " +
	"стул кровать шкаф диван кресло лампа светильник зеркало полка ковер подушка одеяло простыня полотенце штора скатерть посуда тарелка чашка кружка " +
	"ложка вилка нож кастрюля сковорода чайник нагреватель холодильник плита печь утюг пылесос стиральная машина порошок мыло шампунь крем щетка зубная паста " +
	"рубашка брюки юбка платье куртка пальто шапка шарф перчатки носки колготки обувь ботинки сапоги туфли тапочки сумка рюкзак кошелек ремень часы кольцо " +
	"серьги цепочка детский мужской женский игрушка кукла мяч книга тетрадь ручка карандаш бумага клей ножницы телефон компьютер мышь клавиатура наушники " +
	"кабель зарядное устройство хлеб молоко сыр масло мясо рыба яйцо сахар соль мука крупа рис чай кофе сок вода вино пиво яблоко груша вишня слива виноград " +
	"большой маленький новый хороший деревянный металлический стеклянный кожаный шерстяной хлопковый домашний кухонный садовый"

const ukrainian = "і в не на що з по для це як від за або його із так же більше розмір колір білий чорний червоний синій зелений жовтий сірий рожевий стіл " +
	"стілець ліжко шафа диван крісло лампа світильник дзеркало полиця килим подушка ковдра простирадло рушник штора скатертина посуд тарілка чашка кухоль " +
	"ложка виделка ніж каструля сковорідка чайник обігрівач холодильник плита піч праска пилосос пральна машина порошок мило шампунь крем щітка зубна паста " +
	"сорочка штани спідниця сукня куртка пальто шапка шарф рукавички шкарпетки взуття черевики чоботи туфлі капці сумка рюкзак гаманець пояс годинник каблучка " +
	"сережки ланцюжок дитячий чоловічий жіночий іграшка лялька м’яч книга зошит ручка олівець папір клей ножиці телефон комп’ютер миша клавіатура навушники " +
	"кабель зарядний пристрій хліб молоко сир масло м’ясо риба яйце цукор сіль борошно крупа рис чай кава сік вода вино пиво яблуко груша вишня слива виноград " +
	"великий маленький новий добрий дерев’яний металевий скляний шкіряний вовняний бавовняний кухонний садовий її їжа їхати український європа є ґудзик ґанок"

const bulgarian = "и в не на че с по за това като от или неговият из така повече размер цвят бял черен червен син зелен жълт сив розов маса стол легло " +
	"шкаф диван фотьойл лампа осветление огледало рафт килим възглавница завивка чаршаф кърпа перде покривка съд чиния чаша лъжица вилица нож тенджера тиган " +
	"чайник хладилник печка ютия прахосмукачка пералня прах сапун шампоан крем четка паста за зъби риза панталон пола рокля яке палто шапка шал ръкавици чорапи " +
	"обувки ботуши чехли чанта раница портфейл колан часовник пръстен обеци верижка детски мъжки дамски играчка кукла топка книга тетрадка химикалка молив хартия " +
	"лепило ножица телефон компютър мишка клавиатура слушалки кабел зарядно устройство хляб мляко сирене масло месо риба яйце захар сол брашно ориз чай кафе сок вода " +
	"голям малък нов добър дървен метален стъклен кожен вълнен памучен кухненски градински път къща ъгъл щастие"

const greek = "και το η ο να του της με για από στο στην είναι που δεν ένα μια θα πιο μέγεθος χρώμα λευκό μαύρο κόκκινο μπλε πράσινο κίτρινο γκρι ροζ τραπέζι " +
	"καρέκλα κρεβάτι ντουλάπα καναπές πολυθρόνα λάμπα φωτιστικό καθρέφτης ράφι χαλί μαξιλάρι πάπλωμα σεντόνι πετσέτα κουρτίνα τραπεζομάντηλο πιάτο φλιτζάνι κούπα " +
	"κουτάλι πιρούνι μαχαίρι κατσαρόλα τηγάνι βραστήρας ψυγείο φούρνος σίδερο σκούπα πλυντήριο σκόνη σαπούνι σαμπουάν κρέμα βούρτσα οδοντόκρεμα πουκάμισο παντελόνι " +
	"φούστα φόρεμα μπουφάν παλτό καπέλο κασκόλ γάντια κάλτσες παπούτσια μπότες παντόφλες τσάντα σακίδιο πορτοφόλι ζώνη ρολόι δαχτυλίδι σκουλαρίκια αλυσίδα παιδικό " +
	"ανδρικό γυναικείο παιχνίδι κούκλα μπάλα βιβλίο τετράδιο στυλό μολύβι χαρτί κόλλα ψαλίδι τηλέφωνο υπολογιστής ποντίκι πληκτρολόγιο ακουστικά καλώδιο φορτιστής " +
	"ψωμί γάλα τυρί βούτυρο κρέας ψάρι αυγό ζάχαρη αλάτι αλεύρι ρύζι τσάι καφές χυμός νερό κρασί μπύρα μήλο αχλάδι κεράσι δαμάσκηνο σταφύλι μεγάλο μικρό νέο καλό " +
	"ξύλινο μεταλλικό γυάλινο δερμάτινο μάλλινο βαμβακερό κουζίνας κήπου ελιά έλαιο άσπρο ήλιος ώρα ύφασμα όχι ίδιο"

const hebrew = "של את על לא זה הוא היא עם גם כל יותר מידה צבע לבן שחור אדום כחול ירוק צהוב אפור ורוד שולחן כיסא מיטה ארון ספה כורסא מנורה מראה מדף שטיח כרית שמיכה סדין " +
	"מגבת וילון מפה צלחת כוס ספל כף מזלג סכין סיר מחבת קומקום מקרר תנור מגהץ שואב אבק מכונת כביסה סבון שמפו קרם מברשת חולצה מכנסיים חצאית שמלה מעיל כובע צעיף כפפות " +
	"גרביים נעליים מגפיים תיק ארנק חגורה שעון טבעת עגילים שרשרת ילדים גברים נשים צעצוע בובה כדור ספר מחברת עט עיפרון נייר דבק מספריים טלפון מחשב עכבר מקלדת אוזניות"

const arabic = "من في على إلى هذا هذه مع كل أكثر حجم لون أبيض أسود أحمر أزرق أخضر أصفر رمادي وردي طاولة كرسي سرير خزانة أريكة مصباح مرآة رف سجادة وسادة بطانية ملاءة منشفة ستارة " +
	"مفرش طبق كوب فنجان ملعقة شوكة سكين قدر مقلاة غلاية ثلاجة فرن مكواة مكنسة غسالة مسحوق صابون شامبو كريم فرشاة معجون قميص بنطلون تنورة فستان سترة معطف قبعة وشاح قفازات " +
	"جوارب حذاء حقيبة محفظة حزام ساعة خاتم أقراط سلسلة أطفال رجال نساء لعبة دمية كرة كتاب دفتر قلم ورق غراء مقص هاتف حاسوب فأرة لوحة مفاتيح سماعات كابل شاحن خبز حليب جبن"

const thai = "และ ของ ใน ที่ มี ไม่ เป็น ขนาด สี ขาว ดำ แดง น้ำเงิน เขียว เหลือง เทา ชมพู โต๊ะ เก้าอี้ เตียง ตู้ โซฟา โคมไฟ กระจก ชั้นวาง พรม หมอน ผ้าห่ม ผ้าปูที่นอน ผ้าเช็ดตัว ม่าน " +
	"จาน ถ้วย แก้ว ช้อน ส้อม มีด หม้อ กระทะ กาน้ำ ตู้เย็น เตาอบ เตารีด เครื่องดูดฝุ่น เครื่องซักผ้า ผงซักฟอก สบู่ แชมพู ครีม แปรง ยาสีฟัน เสื้อ กางเกง กระโปรง ชุด หมวก ถุงมือ ถุงเท้า " +
	"รองเท้า กระเป๋า เข็มขัด นาฬิกา แหวน ต่างหู สร้อย เด็ก ผู้ชาย ผู้หญิง ของเล่น ตุ๊กตา หนังสือ สมุด ปากกา ดินสอ กระดาษ กาว กรรไกร โทรศัพท์ คอมพิวเตอร์"

const vietnamese = "và của có không là được một trong cho với này các những nhiều kích thước màu trắng đen đỏ xanh vàng xám hồng bàn ghế giường tủ đèn gương kệ thảm gối " +
	"chăn ga khăn rèm bát đĩa cốc chén thìa đũa dao nồi chảo ấm đun nước tủ lạnh lò nướng bàn là máy hút bụi máy giặt bột giặt xà phòng dầu gội kem bàn chải áo quần " +
	"váy đầm khoác mũ tất giày dép túi ví thắt lưng đồng hồ nhẫn bông tai dây chuyền trẻ em nam nữ đồ chơi búp bê bóng sách vở bút chì giấy kéo điện thoại máy tính chuột " +
	"bánh mì sữa phô mai bơ thịt cá trứng đường muối bột gạo trà cà phê nước ép rượu bia táo lê mận nho lớn nhỏ mới tốt gỗ kim loại thủy tinh da len bông nhà bếp vườn"

// symbols are used in every language, and stand where they stand here. a is for any letter, 0 for any digit; the order
// of letters is that of how common the symbols are.
const symbols = "a’a a’a a’a a’a a’ ’a 0’ ‘a a‘ 0 € 0 € 0€ €0 € € - – - – - – 0–0 – — - — a–a a—a – 0°a 0° ° 0° a°0 a° a° 0°a °a °a °a 0°a a® a® a® a® 0® ® a™ a™ a™ 0™ ™ a©a-© © " +
	"„a a“ “a “a a” a” 0” “0 „0 0“ «a a» « » a² 0² a² a³ a³ 0³ a²/a a³/a ½ ½ 0½ 0½ 1/½ ½” ¼ 0¼ ¾ 0¾ ± ±0 ± × × 0×0 0×0 ÷ µa 0µa µ § §0 ¿a ¿a ¡a 0ª 0ª 0º aº 0º nº0 • • •a · a·a · … a… a… …a 0\u00a0a 0\u00a0a a\u00a0a a\u00a00 " +
	"£0 £0 0£ ¥0 ¢ 0¢ ´ a´a a´ ¶ † ‰ 0‰ ‹a a› › ‚a"
