//! Lists of words that are the same in the contract and in the domain.

use postlude_proto::orders::v1 as pb;

use crate::domain::{consent, content, customer, event, order, payment, tracking};

/// A word of a closed list.
pub(crate) trait Word: Copy {
    /// The word of a proto number; none for UNSPECIFIED and numbers that the contract doesn't know.
    fn from_proto(number: i32) -> Option<Self>;
    /// The proto number.
    fn to_proto(self) -> i32;
}

macro_rules! words {
    ($($domain:ty = $proto:ty { $($word:ident),+ })+) => {$(
        impl Word for $domain {
            fn from_proto(number: i32) -> Option<Self> {
                match <$proto>::try_from(number) {
                    $(Ok(<$proto>::$word) => Some(Self::$word),)+
                    Ok(<$proto>::Unspecified) | Err(_) => None,
                }
            }
            fn to_proto(self) -> i32 {
                i32::from(match self { $(Self::$word => <$proto>::$word),+ })
            }
        }
    )+};
}

words! {
    content::BuyerKind = pb::order::BuyerKind { Consumer, Business }
    content::Channel = pb::order::Channel { Online, Store, Marketplace }
    content::FulfilmentMethod = pb::order::FulfilmentMethod { Ship, PickUpInStore }
    content::Origin = pb::order::Origin { Live, Backfill }
    content::WithdrawalExemption = pb::order_line::WithdrawalExemption {
        CustomMade, Perishable, SealedHygiene, SealedMedia
    }
    content::TenderKind = pb::tender::Kind {
        Card, Account, GiftCard, StoreCredit, Cash, PayLater
    }
    order::State = pb::order::State { Open, PartiallyShipped, Shipped, Delivered, Cancelled }
    payment::PaymentKind = pb::payment::Kind {
        Authorized, Captured, RefundedExternally, Disputed, DisputeClosed
    }
    tracking::Status = pb::TrackingStatus {
        Pending, InfoReceived, InTransit, OutForDelivery, AttemptFailed, AvailableForPickup,
        Delivered, Exception, ReturnToSender, Expired
    }
    event::DelayCause = pb::delivery_delayed::Cause { EstimateRevised, Stuck }
    consent::ConsentChannel = pb::consent::Channel { Email, Sms, Push, InApp }
    consent::Purpose = pb::consent::Purpose { Marketing, Profiling }
    customer::ContactKind = pb::contact_point::Kind { Email, Phone, PushToken }
}
