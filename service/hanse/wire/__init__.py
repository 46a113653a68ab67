"""The bodies both ends share: what a node signs, what a catalogue reads, what a client gets.

The only classes OpenAPI shows. Strict where a statement is read (unknown fields refused), additive
within `v1`. Statements (manifest, feed) are signed as canonical JSON (RFC 8785) in a compact JWS.
"""

from hanse.wire.answers import Check as Check
from hanse.wire.answers import Datasets as Datasets
from hanse.wire.answers import Explanation as Explanation
from hanse.wire.answers import NodeDescription as NodeDescription
from hanse.wire.answers import Permitted as Permitted
from hanse.wire.answers import Problem as Problem
from hanse.wire.areas import AreaFile as AreaFile
from hanse.wire.areas import AreaTables as AreaTables
from hanse.wire.body import Body as Body
from hanse.wire.body import Decimal as Decimal
from hanse.wire.body import Digest as Digest
from hanse.wire.body import Slug as Slug
from hanse.wire.body import Text as Text
from hanse.wire.catalogue import Announcement as Announcement
from hanse.wire.catalogue import ConceptEntry as ConceptEntry
from hanse.wire.catalogue import Enrolment as Enrolment
from hanse.wire.catalogue import EnrolmentAnswer as EnrolmentAnswer
from hanse.wire.catalogue import EnrolmentRequest as EnrolmentRequest
from hanse.wire.catalogue import FacetValue as FacetValue
from hanse.wire.catalogue import Harvest as Harvest
from hanse.wire.catalogue import Hit as Hit
from hanse.wire.catalogue import IndexedDataset as IndexedDataset
from hanse.wire.catalogue import IndexedDatasets as IndexedDatasets
from hanse.wire.catalogue import MemberEntry as MemberEntry
from hanse.wire.catalogue import Members as Members
from hanse.wire.catalogue import Publication as Publication
from hanse.wire.catalogue import SearchAnswer as SearchAnswer
from hanse.wire.catalogue import SubjectAnswer as SubjectAnswer
from hanse.wire.comparisons import ComparisonAnswer as ComparisonAnswer
from hanse.wire.protocols import PartyKey as PartyKey
from hanse.wire.protocols import ProtocolAct as ProtocolAct
from hanse.wire.protocols import ProtocolBundle as ProtocolBundle
from hanse.wire.protocols import ProtocolBundles as ProtocolBundles
from hanse.wire.protocols import ProtocolDeposit as ProtocolDeposit
from hanse.wire.protocols import ProtocolDeposited as ProtocolDeposited
from hanse.wire.protocols import ProtocolDifference as ProtocolDifference
from hanse.wire.protocols import ProtocolDifferences as ProtocolDifferences
from hanse.wire.protocols import ProtocolDocument as ProtocolDocument
from hanse.wire.protocols import ProtocolLine as ProtocolLine
from hanse.wire.protocols import ProtocolLines as ProtocolLines
from hanse.wire.protocols import ProtocolPoint as ProtocolPoint
from hanse.wire.protocols import ProtocolStep as ProtocolStep
from hanse.wire.protocols import ProtocolTaken as ProtocolTaken
from hanse.wire.protocols import ProtocolText as ProtocolText
from hanse.wire.releases import Changes as Changes
from hanse.wire.releases import Coverage as Coverage
from hanse.wire.releases import DatasetEntry as DatasetEntry
from hanse.wire.releases import Event as Event
from hanse.wire.releases import Feed as Feed
from hanse.wire.releases import IndicatorEntry as IndicatorEntry
from hanse.wire.releases import Manifest as Manifest
from hanse.wire.releases import Part as Part
from hanse.wire.releases import ReleaseEntry as ReleaseEntry
from hanse.wire.releases import ReleaseLine as ReleaseLine
from hanse.wire.releases import Releases as Releases
from hanse.wire.releases import SampleEntry as SampleEntry
from hanse.wire.releases import Tombstone as Tombstone
