package catalogtest

import "strings"

// words are 256, so that a byte picks one.
var words = strings.Fields(`
able acid acorn actor agent alarm album alloy amber angle ankle apple apron arena arrow atlas
attic badge baker bamboo banner barn basin basket beach beam bell bench berry birch blade blank
blaze block bloom board bolt bonus book boot bottle bowl brake branch brass bread brick bridge
bright brook brush bucket bulb button cabin cable camel candle canvas carbon card cargo carpet castle
cedar chain chair chalk charm chest chime cider circle clay clean clever cliff clock cloth cloud
clover coast cobalt coil comet copper coral cork corner cotton crane cream crisp crown cube curve
dawn deck delta denim depth desk dial dome door draft dream drift drum dune eagle early
earth east echo edge elder ember engine even fabric falcon feather fence fern field film flame
flask flint floor flora flute foam focus forest forge frame fresh frost gable garden gate gentle
ginger glass globe gloss grain grand granite grape gravel grove guide harbor hazel heart hedge hinge
honey hook horizon ink iris iron island ivory jade jar jolly juniper kettle keyed kind lace
ladder lake lamp lantern leaf ledge lemon lever light lime linen lively lodge loom lotus lunar
magnet maple marble meadow mellow mesh mint mirror mist modern moon moss narrow needle nest noble
north oak oasis ocean olive onyx opal orbit orchid otter oval paddle panel paper pearl pebble
pepper pine pixel plain planet plaster plum polar pond poplar prism quartz quick quiet quilt radar
rapid ribbon ridge river robin rope rose round royal saddle sage sand satin scarf shade silver`)
